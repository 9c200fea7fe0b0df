import { describeWithDocker } from '../../../test/support/services.js';
import { dockerFixture } from './docker-fixture.js';
import { driverConformance } from './driver-suite.js';

// The hostile image: what it brings along must change nothing.
describeWithDocker('on a real engine', ({ socketPath, images }) => {
  driverConformance('the docker driver', () => dockerFixture(socketPath, images.hostile));
});

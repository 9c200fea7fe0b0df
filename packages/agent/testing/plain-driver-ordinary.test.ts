/** The same as an ordinary user, where these tests run as root. */
import '../../../test/support/ordinary-user.js';
import './plain-driver.test.js';

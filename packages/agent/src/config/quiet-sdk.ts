/**
 * The SDK of S3 tells users of its next releases about versions of Node, on standard error. Its version here is pinned, and the log of an agent
 * is for its operator. Must be called before the SDK is loaded; it knows no other way.
 */
export function quietSdk(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}

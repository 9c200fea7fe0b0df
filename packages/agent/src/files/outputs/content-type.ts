/** What a browser is told of a file, by its name: what runs commonly leave. Anything else is bytes. Pure. */

const BYTES = 'application/octet-stream';

const TYPES = new Map<string, string>(
  Object.entries({
    'text/plain; charset=utf-8': 'txt log md rst ini cfg conf py r c h cc cpp go rs java rb pl lua sh',
    'text/csv; charset=utf-8': 'csv',
    'text/tab-separated-values; charset=utf-8': 'tsv',
    'text/html; charset=utf-8': 'html htm',
    'text/css; charset=utf-8': 'css',
    'text/javascript; charset=utf-8': 'js mjs',
    'application/json': 'json ipynb geojson',
    'application/xml': 'xml',
    'application/yaml': 'yaml yml',
    'application/pdf': 'pdf',
    'application/zip': 'zip',
    'application/gzip': 'gz tgz',
    'application/x-tar': 'tar',
    'application/x-bzip2': 'bz2',
    'application/x-xz': 'xz',
    'application/zstd': 'zst',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
    'application/vnd.apache.parquet': 'parquet',
    'image/png': 'png',
    'image/jpeg': 'jpg jpeg',
    'image/gif': 'gif',
    'image/webp': 'webp',
    'image/svg+xml': 'svg',
    'image/tiff': 'tif tiff',
    'image/bmp': 'bmp',
    'audio/mpeg': 'mp3',
    'audio/wav': 'wav',
    'audio/ogg': 'ogg oga',
    'video/mp4': 'mp4 m4v',
    'video/webm': 'webm',
    'font/woff2': 'woff2',
  }).flatMap(([type, endings]) => endings.split(' ').map((ending) => [ending, type] as const)),
);

/** `name` may have directories before it. */
export function contentTypeOf(name: string): string {
  const ending = /\.([^./]+)$/.exec(name)?.[1];
  return (ending !== undefined && TYPES.get(ending.toLowerCase())) || BYTES;
}

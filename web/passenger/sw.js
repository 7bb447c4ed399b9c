// The service worker of the passenger's page. The server composes the list of files.
/** @type {any} */ (self).importScripts('/passenger/files.js', '/ui/worker.js');

// Part of the offline start: the list of the page's files, and the worker that all pages share.
importScripts('/handheld/files.js', '/ui/worker.js');

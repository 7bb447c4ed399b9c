// Package web serves the pages of passengers, clerks and handhelds: static files from memory, with the headers
// that protect them.
//
// It promises:
//   - Only the files of the pages are served: no tests, no type declarations, no listing of a folder.
//   - A file has one address. Other spellings of it are not served.
//   - A page runs scripts of its own origin only, and sends data there only ([Policy]).
//   - A response costs one write: files are read, compressed and hashed once for a process.
//
// It has no limit on requests and no log. The handler around it has both.
package web

import (
	"embed"
	"io/fs"
	"sync"
)

//go:embed ui railgate npm passenger desk handheld
var embedded embed.FS

// shared are the folders of which every page uses some files.
var shared = []string{"ui", "railgate", "npm"}

// page is one page and the folder of its own files.
type page struct {
	folder string
	path   string // address of its index.html
	scans  bool   // reads codes with a camera, which needs WebAssembly
	worker string // scope of its service worker; empty: it has none
}

var (
	passenger = page{folder: "passenger", path: "/", worker: "/"}
	desk      = page{folder: "desk", path: "/desk/", scans: true}
	handheld  = page{folder: "handheld", path: "/handheld/", scans: true, worker: "/handheld/"}
)

var (
	ofIssuer   = sync.OnceValue(func() *Face { return open(embedded, passenger, desk) })
	ofHandheld = sync.OnceValue(func() *Face { return open(embedded, handheld) })
)

// Issuer returns what the issuer serves: the passenger's page at / and the clerk's at /desk/. The first call reads and
// compresses the files.
func Issuer() *Face { return ofIssuer() }

// Handheld returns what a station's proxy serves beside the gateway: the handheld's page at /handheld/. The first call
// reads and compresses the files.
func Handheld() *Face { return ofHandheld() }

// open builds a face. Files that are named and do not exist are left out: [Face.Missing] lists them, and a test
// requires that the list is empty.
func open(files fs.FS, pages ...page) *Face {
	f := &Face{files: map[string]*file{}, moved: map[string]string{}}
	for _, folder := range shared {
		f.add(files, folder, true) // a file's own policy matters only where it is the script of a worker
	}
	for _, p := range pages {
		f.addPage(files, p)
	}
	if f.files["/"] == nil {
		f.moved["/"] = pages[0].path
	}
	for _, p := range pages {
		f.link(p)
	}
	return f
}

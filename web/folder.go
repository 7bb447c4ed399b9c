package web

import (
	"net/http"
	"os"
	"sync"
)

// Folder is the pages of a folder on disk, for work on them. It reads all files again at each request for a page.
// It is safe for concurrent use.
type Folder struct {
	path  string
	pages []page

	mu   sync.Mutex
	face *Face // guarded by mu
}

// IssuerFrom returns the pages of [Issuer] from a folder.
func IssuerFrom(path string) *Folder { return newFolder(path, passenger, desk) }

// HandheldFrom returns the page of [Handheld] from a folder.
func HandheldFrom(path string) *Folder { return newFolder(path, handheld) }

func newFolder(path string, pages ...page) *Folder {
	f := &Folder{path: path, pages: pages}
	f.read()
	return f
}

func (f *Folder) read() *Face {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.face = open(os.DirFS(f.path), f.pages...)
	return f.face
}

func (f *Folder) current() *Face {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.face
}

// Has is [Face.Has].
func (f *Folder) Has(r *http.Request) bool {
	for _, p := range f.pages {
		if r.URL.Path == p.path {
			f.read()
		}
	}
	return f.current().Has(r)
}

// ServeHTTP is [Face.ServeHTTP].
func (f *Folder) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.current().ServeHTTP(w, r) }

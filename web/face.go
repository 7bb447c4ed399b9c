package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// kinds are the Content-Types by the ending of a file's name. Other files are not served.
var kinds = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json; charset=utf-8",
	".webmanifest": "application/manifest+json; charset=utf-8",
	".svg":         "image/svg+xml; charset=utf-8",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".wasm":        "application/wasm",
	".mp3":         "audio/mpeg",
	"LICENSE":      "text/plain; charset=utf-8", // licences go where the libraries go
}

// Face is the files of one origin. It is a handler, safe for concurrent use.
type Face struct {
	files   map[string]*file  // by address
	moved   map[string]string // addresses of pages as people type them, and where they lead
	missing []string
}

// file is a file in both encodings.
type file struct {
	kind         string
	plain, gzip  []byte // gzip is nil if it is not smaller
	tag, gzipTag string
	scans        bool   // its policy permits WebAssembly
	scope        string // of a service worker's script; else empty
}

// Has reports whether the request is for one of the files, by its only spelling.
func (f *Face) Has(r *http.Request) bool {
	if r.URL.RawPath != "" {
		return false
	}
	return f.files[r.URL.Path] != nil || f.moved[r.URL.Path] != ""
}

// Missing lists the files that others name and that do not exist.
func (f *Face) Missing() []string { return slices.Clone(f.missing) }

// add reads the files of a folder.
func (f *Face) add(files fs.FS, folder string, scans bool) {
	err := fs.WalkDir(files, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "/index.html") {
			return err
		}
		if kinds[ending(name)] == "" {
			return nil
		}
		content, err := fs.ReadFile(files, name)
		if err == nil {
			f.put("/"+name, content).scans = scans
		}
		return err
	})
	if err != nil {
		f.missing = append(f.missing, folder)
	}
}

// ending returns the key of kinds for a file's name.
func ending(name string) string {
	if base := path.Base(name); strings.HasPrefix(base, "LICENSE") {
		return "LICENSE"
	}
	return path.Ext(name)
}

// put makes a file of the content.
func (f *Face) put(at string, content []byte) *file {
	kind := kinds[ending(at)]
	if strings.HasSuffix(at, "/") {
		kind = kinds[".html"]
	}
	sum := sha256.Sum256(content)
	tag := hex.EncodeToString(sum[:12])
	made := &file{kind: kind, plain: content, tag: `"` + tag + `"`, gzipTag: `"` + tag + `.gz"`}
	if packed := compress(content); len(packed) < len(content) {
		made.gzip = packed
	}
	f.files[at] = made
	return made
}

func compress(content []byte) []byte {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	w.Write(content)                                           // a buffer accepts every write
	w.Close()
	return packed.Bytes()
}

// addPage reads a page and its files.
func (f *Face) addPage(files fs.FS, p page) {
	f.add(files, p.folder, p.scans)
	index, err := fs.ReadFile(files, p.folder+"/index.html")
	if err != nil {
		f.missing = append(f.missing, p.folder+"/index.html")
		return
	}
	f.put(p.path, index).scans = p.scans
	if short := strings.TrimSuffix(p.path, "/"); short != "" {
		f.moved[short] = p.path
	}
	if worker := f.files[workerOf(p)]; worker != nil {
		worker.scope = p.worker
	}
}

func workerOf(p page) string { return "/" + p.folder + "/sw.js" }

// link follows the references of a page and, if it has a service worker, adds the list of the files that the page
// needs without a network.
func (f *Face) link(p page) {
	needed := f.closure(p.path)
	if p.worker == "" {
		return
	}
	var list strings.Builder
	for _, at := range needed {
		fmt.Fprintf(&list, "  %q,\n", at)
	}
	f.put("/"+p.folder+"/files.js", fmt.Appendf(nil, "self.VERSION = '%s';\nself.FILES = [\n%s];\n", f.hash(needed), list.String())).scans = p.scans
}

// hash returns 24 hexadecimal digits that differ for other files and other contents.
func (f *Face) hash(paths []string) string {
	all := sha256.New()
	for _, at := range paths {
		fmt.Fprintf(all, "%s %d\n%s", at, len(f.files[at].plain), f.files[at].plain)
	}
	return hex.EncodeToString(all.Sum(nil)[:12])
}

// closure returns the page, and then all files that it needs, sorted.
func (f *Face) closure(from string) []string {
	if f.files[from] == nil {
		return nil
	}
	found := []string{from}
	for i := 0; i < len(found); i++ {
		at := found[i]
		for _, r := range references(at, f.files[at].plain) {
			switch {
			case f.files[r.path] == nil:
				if r.must {
					f.missing = append(f.missing, fmt.Sprintf("%s names %s", at, r.named))
				}
			case path.Base(r.path) != "sw.js" && !slices.Contains(found, r.path):
				found = append(found, r.path)
			}
		}
	}
	slices.Sort(found[1:])
	return found
}

// ServeHTTP serves the file of the request's path.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.Has(r) {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", Methods)
		http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if to := f.moved[r.URL.Path]; to != "" {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	f.files[r.URL.Path].serve(w, r)
}

// Methods are the methods of every file, as an Allow header lists them.
const Methods = "GET, HEAD"

func (s *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for _, set := range s.headers() {
		h.Set(set.Name, set.Value)
	}
	body, tag := s.plain, s.tag
	if s.gzip != nil && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		body, tag = s.gzip, s.gzipTag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	if s.has(r.Header.Values("If-None-Match")) {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body) // a caller that has gone needs no answer
	}
}

// has reports whether one of the tags is the file's, in either encoding. A proxy that compresses marks tags as weak.
func (s *file) has(headers []string) bool {
	for _, line := range headers {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == s.tag || tag == s.gzipTag || tag == "*" {
				return true
			}
		}
	}
	return false
}

// acceptsGzip reports whether the caller names gzip and does not refuse it.
func acceptsGzip(headers []string) bool {
	for _, line := range headers {
		for part := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q, found := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(weight), " ", ""), "q=")
				value, err := strconv.ParseFloat(q, 64)
				return !found || err == nil && value > 0
			}
		}
	}
	return false
}

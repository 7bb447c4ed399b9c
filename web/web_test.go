package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func faces() map[string]*Face { return map[string]*Face{"issuer": Issuer(), "handheld": Handheld()} }

func get(f *Face, method, target string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// Every file that a page names exists, and every import of every module.
func TestEveryReferenceResolves(t *testing.T) {
	for name, f := range faces() {
		if missing := f.Missing(); len(missing) > 0 {
			t.Errorf("%s: %q", name, missing)
		}
		for at, s := range f.files {
			for _, r := range references(at, s.plain) {
				if r.must && f.files[r.path] == nil {
					t.Errorf("%s: %s names %s, which is not served", name, at, r.named)
				}
			}
		}
	}
}

func TestEveryFileIsServedWithItsHeaders(t *testing.T) {
	for name, f := range faces() {
		for at := range f.files {
			plain, packed := get(f, "GET", at), get(f, "GET", at, "Accept-Encoding", "br, gzip;q=0.5")
			content := body(t, plain)
			if plain.StatusCode != 200 || plain.Header.Get("Content-Encoding") != "" || content == "" {
				t.Fatalf("%s %s: %d, %d bytes, %v", name, at, plain.StatusCode, len(content), plain.Header)
			}
			want := map[string]string{}
			for _, h := range f.files[at].headers() {
				want[h.Name] = h.Value
			}
			for name, value := range want {
				if plain.Header.Get(name) != value {
					t.Errorf("%s: %s is %q", at, name, plain.Header.Get(name))
				}
			}
			if packed.Header.Get("Content-Encoding") == "gzip" {
				unpacked, err := gzip.NewReader(packed.Body)
				if err != nil {
					t.Fatal(err)
				}
				if all, err := io.ReadAll(unpacked); err != nil || string(all) != content {
					t.Errorf("%s %s: the compressed content differs: %v", name, at, err)
				}
				if packed.Header.Get("ETag") == plain.Header.Get("ETag") {
					t.Errorf("%s %s: both encodings have one tag", name, at)
				}
			}
			for _, tag := range []string{plain.Header.Get("ETag"), "W/" + plain.Header.Get("ETag"), `"x", ` + packed.Header.Get("ETag"), "*"} {
				if r := get(f, "GET", at, "If-None-Match", tag); r.StatusCode != 304 || body(t, r) != "" || r.Header.Get("Cache-Control") != "no-cache" {
					t.Errorf("%s %s with tag %s: %d", name, at, tag, r.StatusCode)
				}
			}
			if r := get(f, "GET", at, "If-None-Match", `"other"`); r.StatusCode != 200 {
				t.Errorf("%s %s with another tag: %d", name, at, r.StatusCode)
			}
			if r := get(f, "HEAD", at); r.StatusCode != 200 || body(t, r) != "" || r.Header.Get("Content-Length") != plain.Header.Get("Content-Length") {
				t.Errorf("%s %s: HEAD: %d", name, at, r.StatusCode)
			}
			if r := get(f, "POST", at); r.StatusCode != 405 || r.Header.Get("Allow") != Methods {
				t.Errorf("%s %s: POST: %d", name, at, r.StatusCode)
			}
		}
	}
}

func TestOtherPathsAreNotServed(t *testing.T) {
	f := Issuer()
	for _, target := range []string{
		"/ui", "/ui/", "/ui/page.js/", "/ui//page.js", "//ui/page.js", "/ui/../ui/page.js", "/ui/./page.js", "/ui/%70age.js", "/ui%2fpage.js", "/UI/page.js",
		"/passenger", "/passenger/", "/passenger/index.html", "/desk/index.html", "/index.html", "/web.go", "/package.json", "/test/vectors.test.js",
		"/npm/lit-html/lit-html.d.ts", "/handheld/", "/handheld/files.js", "/v1/contact", "/ui/page.js%00", "/ui/page.js.gz", `/ui\page.js`,
	} {
		if r := get(f, "GET", target); r.StatusCode != 404 {
			t.Errorf("%s: %d", target, r.StatusCode)
		}
	}
	if r := get(f, "GET", "/ui/page.js?x=1"); r.StatusCode != 200 {
		t.Errorf("a query changes the file: %d", r.StatusCode)
	}
}

func TestEncodings(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br": false, "deflate, gzip": true, "gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=0.1": true,
		"gzip;q=": false, "xgzip": false, "identity": false,
	} {
		if got := acceptsGzip([]string{header}); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// small is a tree with one page that has all kinds of references.
func small() fstest.MapFS {
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"ui/a.js":    text("// import './absent.js'\n/** @type {import('./absent.js').T} */\nexport const re = /['\"`]/, s = `${f(`import '${1}'`, {a: '/ui/drawn.svg'})} import './absent.js'`;\nimport('../ui/late.js');"),
		"ui/late.js": text("export * from \"./deep.js\";const n = 4 / 2; const u = new URL('./worker.js', import.meta.url), m = 'https://example.org/ui/x.js', page = '/desk/', b = n / '/ui/other.js'.length / 1;"),
		"ui/deep.js": text("export const d = 1"), "ui/worker.js": text("1"), "ui/drawn.svg": text("<svg/>"), "ui/other.js": text("2"), "ui/unused.js": text("3"), "ui/font.css": text("p{}"), "ui/b.png": text("png"),
		"railgate/r.js": text("1"), "npm/x/LICENSE": text("licence"),
		"handheld/index.html":    text(`<!doctype html><link rel="stylesheet" href="/handheld/s.css"><link rel="manifest" href="/handheld/m.webmanifest"><link rel="icon" href="data:,"><script type="module" src="/handheld/app.js"></script><a href="/elsewhere">`),
		"handheld/app.js":        text("import{re}from'../ui/a.js';register('/handheld/sw.js')"),
		"handheld/sw.js":         text("importScripts('/handheld/files.js')"),
		"handheld/s.css":         text("/* url(absent.png) */ @import \"../ui/font.css\"; p { background: url('i.svg') } q { background: url(data:image/png;base64,AA==) }"),
		"handheld/i.svg":         text("<svg/>"),
		"handheld/m.webmanifest": text(`{"icons":[{"src":"/ui/b.png"}]}`),
	}
}

func TestListOfFilesIsWhatThePageNeeds(t *testing.T) {
	f := open(small(), handheld)
	if missing := f.Missing(); len(missing) > 0 {
		t.Fatalf("missing: %q", missing)
	}
	want := []string{"/handheld/", "/handheld/app.js", "/handheld/i.svg", "/handheld/m.webmanifest", "/handheld/s.css", "/ui/a.js", "/ui/b.png", "/ui/deep.js", "/ui/drawn.svg", "/ui/font.css", "/ui/late.js", "/ui/other.js", "/ui/worker.js"}
	if got := f.closure("/handheld/"); !slices.Equal(got, want) {
		t.Errorf("the page needs %q", got)
	}
	list := body(t, get(f, "GET", "/handheld/files.js"))
	for _, at := range want {
		if !strings.Contains(list, `"`+at+`",`) {
			t.Errorf("%s is not in the list", at)
		}
	}
	if r := get(f, "GET", "/handheld/sw.js"); r.Header.Get("Service-Worker-Allowed") != "/handheld/" {
		t.Errorf("the service worker has no scope: %v", r.Header)
	} else if r.Header.Get("Content-Security-Policy") != WorkerPolicy {
		t.Errorf("the service worker cannot import its scripts: %v", r.Header)
	}
	for _, at := range []string{"/", "/handheld"} {
		if r := get(f, "GET", at); r.StatusCode != 308 || r.Header.Get("Location") != "/handheld/" {
			t.Errorf("%s: %d %v", at, r.StatusCode, r.Header)
		}
	}

	// The version changes with each file that the page needs, and with no other.
	changed := small()
	changed["ui/unused.js"].Data = []byte("4")
	if body(t, get(open(changed, handheld), "GET", "/handheld/files.js")) != list {
		t.Error("a file that the page does not need changes the version")
	}
	changed["ui/deep.js"].Data = []byte("export const d = 2")
	if body(t, get(open(changed, handheld), "GET", "/handheld/files.js")) == list {
		t.Error("a file that the page needs does not change the version")
	}
}

func TestMissingFilesAreReported(t *testing.T) {
	for name, source := range map[string]string{
		"handheld/app.js": "import '../ui/none.js'", "handheld/s.css": "p{background:url(none.png)}", "handheld/m.webmanifest": `{"icons":[{"src":"/none.png"}]}`,
		"ui/a.js": "import { html } from 'lit-html'", "ui/late.js": "await import('https://example.org/x.js')",
	} {
		files := small()
		files[name].Data = []byte(source)
		if name == "ui/late.js" || name == "ui/a.js" {
			files["handheld/app.js"].Data = []byte("import '../" + name + "'")
		}
		if len(open(files, handheld).Missing()) != 1 {
			t.Errorf("%s: %s passes", name, source)
		}
	}
	files := small()
	delete(files, "handheld/index.html")
	if len(open(files, handheld).Missing()) != 1 {
		t.Error("a page without index.html passes")
	}
}

// The kinds of files in the folders are known, except for those that browsers do not need.
func TestEveryKindOfFileIsKnown(t *testing.T) {
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && kinds[ending(name)] == "" && !strings.HasSuffix(name, ".d.ts") {
			t.Errorf("%s: browsers are not told what %q is", name, path.Ext(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

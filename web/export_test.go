package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var exported = time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)

// An export has every file under the path of its address, and its compressed form.
func TestExportHasEveryFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "handheld")
	f := open(small(), handheld)
	release, err := f.Export(dir, exported)
	if err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(dir, "current")); err != nil || to != release {
		t.Fatalf("the link leads to %q: %v", to, err)
	}
	for at, s := range f.files {
		path := filepath.Join(dir, "current", at)
		if strings.HasSuffix(at, "/") {
			path += "/index.html"
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, s.plain) {
			t.Errorf("%s: %v", at, err)
		}
		packed, err := os.ReadFile(path + ".gz")
		if (err == nil) != (s.gzip != nil) {
			t.Errorf("%s: compressed: %v", at, err)
		}
		if err != nil {
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, s.plain) {
			t.Errorf("%s: compressed: %v", at, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o044 != 0o044 {
			t.Errorf("%s: a proxy's user cannot read it: %v", at, err)
		}
	}
}

// The folder keeps two releases. An interrupted export leaves nothing that disturbs the next.
func TestExportReplacesTheRelease(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".new-12"), 0o700); err != nil {
		t.Fatal(err)
	}
	files, names := small(), []string(nil)
	for n := range 4 {
		files["ui/deep.js"].Data = []byte{byte('0' + n)}
		release, err := open(files, handheld).Export(dir, exported.Add(time.Duration(n)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, release)
		if got, err := os.ReadFile(filepath.Join(dir, "current", "ui", "deep.js")); err != nil || string(got) != string(rune('0'+n)) {
			t.Errorf("after export %d the file is %q: %v", n, got, err)
		}
	}
	kept, err := releases(dir)
	if err != nil || len(kept) != 2 || kept[0] != names[2] || kept[1] != names[3] {
		t.Errorf("kept: %q, %v", kept, err)
	}
	if _, err := open(files, handheld).Export(dir, exported.Add(3*time.Second)); err == nil {
		t.Error("two exports of one second have one name")
	}
}

func TestExportRefusesAFolderWithOtherContent(t *testing.T) {
	for _, name := range []string{"index.html", "current/x", "20261130T180000Z-0123456789ab"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := open(small(), handheld).Export(dir, exported); err == nil {
			t.Errorf("a folder with %s is accepted", name)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: the refused export left %d files", name, len(left))
		}
	}
	files := small()
	delete(files, "ui/deep.js")
	if _, err := open(files, handheld).Export(t.TempDir(), exported); err == nil {
		t.Error("an incomplete page is exported")
	}
}

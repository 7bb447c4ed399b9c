package web

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	released = regexp.MustCompile(`^\d{8}T\d{6}Z-[0-9a-f]{12}$`)
	unready  = regexp.MustCompile(`^\.new-\d+$`)
)

const (
	// current is the name of the link to the release that a proxy serves.
	current = "current"
	// keptReleases is how many releases a folder keeps: the present one, and the one before for a way back.
	keptReleases = 2
)

// Export writes the files of the face for a proxy that serves them itself: a new folder in dir with each file and, where
// it is smaller, its compressed form with the ending .gz. The link current in dir then leads to that folder. A reader of
// the link sees one release or the other, never a mixture. Of older releases, one stays. Export refuses a folder with
// other content. It returns the release's name.
func (f *Face) Export(dir string, now time.Time) (release string, err error) {
	if len(f.missing) > 0 {
		return "", fmt.Errorf("web: incomplete: %s", f.missing[0])
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	before, err := releases(dir)
	if err != nil {
		return "", err
	}
	release = now.UTC().Format("20060102T150405Z") + "-" + f.version()[:12]
	if slices.Contains(before, release) {
		return "", fmt.Errorf("web: %s exists: wait a second", filepath.Join(dir, release))
	}
	made, err := os.MkdirTemp(dir, ".new-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made) // after a failure; else it has another name
	if err := f.write(made); err != nil {
		return "", err
	}
	if err := os.Chmod(made, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(made, filepath.Join(dir, release)); err != nil {
		return "", err
	}
	link := made + "-link"
	if err := os.Symlink(release, link); err != nil {
		return "", err
	}
	if err := os.Rename(link, filepath.Join(dir, current)); err != nil {
		return "", errors.Join(err, os.Remove(link))
	}
	for _, old := range before[:max(0, len(before)+1-keptReleases)] {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, old)))
	}
	return release, err
}

// releases lists the releases in a folder, oldest first. It fails if the folder has other content: it may belong to
// another program.
func releases(dir string) (all []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch {
		case released.MatchString(e.Name()) && e.IsDir():
			all = append(all, e.Name())
		case e.Name() == current && e.Type() == fs.ModeSymlink:
		case unready.MatchString(strings.TrimSuffix(e.Name(), "-link")): // of an export that was interrupted
		default:
			return nil, fmt.Errorf("web: %s contains %s: choose an empty folder, or one with earlier exports", dir, e.Name())
		}
	}
	slices.Sort(all)
	return all, nil
}

// write writes all files below a folder, and waits until they are on disk.
func (f *Face) write(dir string) error {
	for at, s := range f.files {
		path := filepath.Join(dir, filepath.FromSlash(at))
		if strings.HasSuffix(at, "/") {
			path = filepath.Join(path, "index.html")
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := writeFile(path, s.plain); err != nil {
			return err
		}
		if s.gzip != nil {
			if err := writeFile(path+".gz", s.gzip); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeFile(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// version is a hash of all files.
func (f *Face) version() string {
	var paths []string
	for at := range f.files {
		paths = append(paths, at)
	}
	slices.Sort(paths)
	return f.hash(paths)
}

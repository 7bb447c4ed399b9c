// Command context lists the files of a folder that an image build sees, each followed by a
// zero byte. It omits the files that the folder's .dockerignore excludes, by the rules of the
// container engines' own package.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: context FOLDER")
		os.Exit(2)
	}
	if err := list(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "context:", err)
		os.Exit(1)
	}
}

func list(root string) error {
	file, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		return err
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return err
	}
	files, err := visible(os.DirFS(root), patterns)
	for _, path := range files {
		fmt.Printf("%s\x00", path)
	}
	return err
}

// visible returns the regular files of root that no pattern excludes. Excluded folders are
// searched too: a later pattern with ! may include a file again.
func visible(root fs.FS, patterns []string) (files []string, err error) {
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".git" && entry.IsDir():
			return fs.SkipDir // thousands of files that no build reads
		case !entry.Type().IsRegular():
			return nil
		}
		excluded, err := matcher.MatchesOrParentMatches(path)
		if err == nil && !excluded {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// Command genvectors writes the test vectors, one file per case, and removes
// the files of cases that no longer exist. With -picture it also draws the code of
// the worked example. go generate runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/skip2/go-qrcode"

	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

// PictureSize is four pixels for each of 49 modules and the quiet zone of 4 modules
// on each side.
const PictureSize = 4 * (49 + 2*4)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("genvectors", flag.ContinueOnError)
	out := flags.String("out", "", "directory to write to; it must exist")
	picture := flags.String("picture", "", "file to draw the code of the vector ok to, as PNG")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		return fmt.Errorf("-out is missing: name the directory of the vectors")
	}
	all := vectors.All()
	current := make(map[string]bool, len(all))
	for _, v := range all {
		path := filepath.Join(*out, v.Name+".json")
		current[path] = true
		if v.Name == "ok" && *picture != "" {
			if err := qrcode.WriteFile(*v.Text, qrcode.Medium, PictureSize, *picture); err != nil {
				return err
			}
		}
		if err := os.WriteFile(path, v.File(), 0o644); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(*out, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if !current[path] {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// Command genvectors writes the test vectors of the control stream, one file per case, and removes
// the files of cases that no longer exist. go generate runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/railgate/railgate/revocation/revocationtest/vectors"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("genvectors", flag.ContinueOnError)
	out := flags.String("out", "", "directory to write to; it must exist")
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

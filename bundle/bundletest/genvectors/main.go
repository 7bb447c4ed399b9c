// Command genvectors writes the test vectors of receipts and bundles, one file per case, and removes the files of
// cases that no longer exist. go generate runs it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/railgate/railgate/bundle/bundletest/vectors"
	"github.com/railgate/railgate/tokens/tokentest/vectorfile"
)

func main() {
	out := flag.String("out", "", "directory to write to; it must exist")
	flag.Parse()
	if err := vectorfile.WriteFolder(*out, vectors.All(), vectors.NameOf); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors:", err)
		os.Exit(1)
	}
}

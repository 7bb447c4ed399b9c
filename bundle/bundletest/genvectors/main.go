// Command genvectors writes the test vectors of receipts and bundles, one file per case, and removes the files of
// cases that no longer exist. go generate runs it.
package main

import (
	"github.com/railgate/railgate/bundle/bundletest/vectors"
	"github.com/railgate/railgate/tokens/tokentest/vectorfile"
)

func main() { vectorfile.Generate(vectors.All(), vectors.NameOf) }

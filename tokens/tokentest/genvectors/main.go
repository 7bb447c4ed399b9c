// Command genvectors writes the test vectors, one file per case, and removes the
// files of cases that no longer exist. With -picture it also draws the QR code of the
// worked example. go generate runs it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/skip2/go-qrcode"

	"github.com/railgate/railgate/tokens/tokentest/vectorfile"
	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

// PictureSize is the side of the picture in pixels: four for each of 49 modules and
// of the quiet zone of 4 modules on each side.
const PictureSize = 4 * (49 + 2*4)

func main() {
	out := flag.String("out", "", "existing directory to write the vectors to")
	picture := flag.String("picture", "", "PNG file to draw the code of the vector ok to")
	flag.Parse()
	if err := run(*out, *picture); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors:", err)
		os.Exit(1)
	}
}

func run(out, picture string) error {
	all := vectors.All()
	for _, v := range all {
		if v.Name == "ok" && picture != "" {
			if err := qrcode.WriteFile(*v.Text, qrcode.Medium, PictureSize, picture); err != nil {
				return err
			}
		}
	}
	return vectorfile.WriteFolder(out, all, vectors.NameOf)
}

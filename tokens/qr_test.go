package tokens_test

import (
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// TestCodesFitQRVersion8 expects codes to fit QR version 8 at level M, which proves
// alphanumeric mode: version 8-M has 1232 data bits (ISO/IEC 18004, table 7). 192
// characters take 4 + 9 + 192/2·11 = 1069 bits in alphanumeric mode, and
// 4 + 8 + 192·8 = 1548 bits in byte mode, which needs version 10. One character
// outside the alphabet or a longer code fails the test.
func TestCodesFitQRVersion8(t *testing.T) {
	const largest = 8
	issuer := tokentest.NewIssuer(1)
	for i := range 200 {
		s := issuer.Open(uint32(i*i*1009), tokentest.Epoch+int64(i)*61)
		code := s.Code(i % tokens.Length)
		qr, err := qrcode.New(code.Text(), qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		if qr.VersionNumber > largest {
			t.Fatalf("code %d needs QR version %d", i, qr.VersionNumber)
		}
	}

	// The same text in byte mode does not fit.
	s := issuer.Open(1, tokentest.Epoch)
	code := s.Code(0)
	lower := []byte(code.Text())
	for i := range lower {
		lower[i] |= 0x80 // not alphanumeric
	}
	qr, err := qrcode.New(string(lower), qrcode.Medium)
	if err != nil || qr.VersionNumber <= largest {
		t.Fatalf("192 bytes in byte mode fit version %d, so this test does not prove alphanumeric mode: %v", qr.VersionNumber, err)
	}
}

// TestPictureShowsTheExample compares the document's picture with the QR code of the
// worked example, module by module, and reads it with zbarimg.
func TestPictureShowsTheExample(t *testing.T) {
	const path = "../docs/pictures/code.png"
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	want := example(t)["text"]
	qr, err := qrcode.New(want, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	if qr.VersionNumber != 8 {
		t.Errorf("version %d, the document says 8", qr.VersionNumber)
	}
	const pixels = 4 // per side of a module
	modules := qr.Bitmap()
	if size := picture.Bounds().Size(); size.X != pixels*len(modules) || size.Y != pixels*len(modules) {
		t.Fatalf("the picture has %v pixels for %d modules (run go generate ./tokens/...)", size, len(modules))
	}
	for y, row := range modules {
		for x, black := range row {
			if r, _, _, _ := picture.At(pixels*x+1, pixels*y+1).RGBA(); (r == 0) != black {
				t.Fatalf("module %d, %d differs (run go generate ./tokens/...)", x, y)
			}
		}
	}
	if _, err := exec.LookPath("zbarimg"); err != nil {
		if os.Getenv("RAILGATE_CI") != "" {
			t.Fatal("zbarimg is missing: install zbar-tools")
		}
		t.Skip("zbarimg is not installed")
	}
	read, err := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
	if got := strings.TrimSuffix(string(read), "\n"); err != nil || got != want {
		t.Errorf("zbarimg read %q: %v", got, err)
	}
}

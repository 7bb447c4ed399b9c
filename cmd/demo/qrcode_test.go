package main

import (
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// zbarimg finds the code on a dark and on a light terminal, with all lines of the page printed
// above it, and after the next code was drawn over it.
func TestCodeIsReadableOnATerminalOf24Lines(t *testing.T) {
	if _, err := exec.LookPath("zbarimg"); err != nil {
		if os.Getenv("RAILGATE_CI") != "" {
			t.Fatal("zbarimg is missing: install zbar-tools")
		}
		t.Skip("zbarimg is not installed")
	}
	h := &system{beijing: &station{url: "http://127.0.0.1:8080", admin: "http://127.0.0.1:9080"}, shanghai: &station{},
		issuer: "http://127.0.0.1:8081", issuerAdmin: "http://127.0.0.1:9081"}
	for name, theme := range map[string][2]color.Gray{"dark": {{Y: 220}, {Y: 20}}, "light": {{Y: 30}, {Y: 250}}} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			p := &page{out: &out, screen: true, target: "/tmp/target.json"}
			application := &passenger.Application{Access: "token", Serial: tokens.Serial{Day: 20787, Index: 1}}
			s := &display{phone: phone{system: h, application: application, session: &passenger.Session{ID: "1", Of: application}}}
			pass := tokentest.NewIssuer(1).Open(1, time.Now().Unix())
			screen := newScreen(theme[0], theme[1])
			for step := range 3 {
				code := pass.Code(step)
				p.print(s, passenger.Shown{Text: code.Text(), Step: int64(step), NextAt: time.Now().Unix() + 60}, "")
				screen.write(t, out.String())
				out.Reset()
				if got := scanned(t, screen); got != code.Text() {
					t.Fatalf("step %d: zbarimg read %q, want %q", step, got, code.Text())
				}
			}
		})
	}
}

// scanned returns the code that zbarimg finds on the screen.
func scanned(t *testing.T, s *screen) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "screen.png")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, s.image()); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
	return strings.TrimSpace(string(text))
}

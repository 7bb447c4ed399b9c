package facecheck_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
)

func TestSettingsFileMakesAChecker(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.secret"), filepath.Join(dir, "second.secret")
	for path, key := range map[string]string{first: "2026-a", second: "2026-b"} {
		if err := provider.WriteSecret(path, provider.NewSecret(key)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "issuer.toml")
	err := os.WriteFile(file, []byte(`
[face_check]
callback_url = "https://issuer.example/v1/face-check/callback"
label = "example provider"
waiting = 64
[face_check.service]
url = "https://face-check.example/api"
secret_files = ["`+first+`", "`+second+`"]
timeout = "3s"
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		FaceCheck facecheck.Settings `toml:"face_check" doc:"the provider"`
	}
	if _, err := conf.Load(&settings, conf.Options{Program: "test", EnvPrefix: "TEST"}, []string{"-config", file}, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	c, err := settings.FaceCheck.Load(ownfile.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Client.Secrets) != 2 || c.Client.Secrets[0].Key != "2026-a" || c.Client.Timeout != 3*time.Second || c.Waiting != 64 {
		t.Errorf("%+v", c)
	}
	checker, err := facecheck.NewHTTP(c)
	if err != nil || checker.Label() != "example provider" {
		t.Fatal(err)
	}
}

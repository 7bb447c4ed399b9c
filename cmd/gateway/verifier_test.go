package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/cpu"

	"github.com/railgate/railgate/test/harness/runtest"
)

// buildFaulty builds the gateway with one constant of the field arithmetic changed.
func buildFaulty(t *testing.T) string {
	t.Helper()
	runtest.DependsOnSources(t, "../..")
	dir := t.TempDir()
	source, err := filepath.Abs("../../tokens/fixedkey/add_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const folds, wrong = "MOVL  $38, DX", "MOVL  $36, DX"
	if strings.Count(string(text), folds) != 1 {
		t.Fatalf("%s lacks the line that this test replaces", source)
	}
	changed := filepath.Join(dir, "add_amd64.s")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{changed: strings.Replace(string(text), folds, wrong, 1), changed + ".json": string(overlay)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "gateway")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", changed+".json", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// A gateway whose fast arithmetic is wrong logs an error, verifies in the plain form and
// accepts good keys; if that arithmetic is configured explicitly, it does not start.
func TestFaultyVerifierIsReplacedByThePlainOne(t *testing.T) {
	if runtime.GOARCH != "amd64" || !cpu.X86.HasADX || !cpu.X86.HasBMI2 {
		t.Skip("this processor does not run the changed assembly")
	}
	binary := buildFaulty(t)
	public := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	settings := filepath.Join(t.TempDir(), "gateway.toml")
	text := fmt.Sprintf("listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndrain_delay = \"10ms\"\n\n[kafka]\nbrokers = [\"127.0.0.1:1\"]\nauthority = %q\n\n"+
		"[[device]]\nid = \"gate-1\"\nsha256 = %q\nscopes = [\"entry\"]\n", hex.EncodeToString(public), strings.Repeat("0a", 32))
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	forced := exec.CommandContext(ctx, binary, "-config", settings)
	forced.Env = append(os.Environ(), "RAILGATE_ED25519=scalar")
	if out, err := forced.CombinedOutput(); forced.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "RAILGATE_ED25519=scalar: ") {
		t.Errorf("forced: %v: %s", err, out)
	}

	var log runtest.Buffer
	gateway := exec.CommandContext(ctx, binary, "-config", settings)
	gateway.Env = append(os.Environ(), "RAILGATE_ED25519=")
	gateway.Stdout, gateway.Stderr = &log, &log
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		gateway.Wait()
	}()
	admin := regexp.MustCompile(`"admin":"([^"]+)"`)
	runtest.Eventually(t, 30*time.Second, "the gateway to serve", func() bool { return admin.MatchString(log.String()) })
	if !regexp.MustCompile(`"level":"error".*plain form.*(known|refuses the key)`).MatchString(log.String()) {
		t.Errorf("the fault is not logged as an error:\n%s", log.String())
	}
	answer, err := http.Get("http://" + admin.FindStringSubmatch(log.String())[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	metrics, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(metrics), `railgate_verifier{form="plain"} 1`) {
		t.Errorf("the metrics do not report the plain form: %v", err)
	}
}

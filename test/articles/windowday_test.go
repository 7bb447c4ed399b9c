package articles_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness"
)

// The script is a third-party program that uses only HTTP.
func TestT34_WindowDayAsAScript(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		script := exec.CommandContext(t.Context(), "python3", "../../docs/examples/windowday.py")
		script.Env = append(append(os.Environ(), h.Environment()...), "PYTHONIOENCODING=utf-8", "NUMBER="+h.Person().DocumentNumber)
		out, err := script.CombinedOutput()
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "done") {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

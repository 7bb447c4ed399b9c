package fakeprovider

import (
	"bytes"
	"fmt"
	"log"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/test/harness/runtest"
)

const patience = 5 * time.Second

// NoLeaks fails the test if goroutines of the backend or of net/http are left
// when all else of the test has ended: call it first. Not for parallel tests.
func NoLeaks(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		var left []string
		defer func() {
			if len(left) > 0 {
				t.Logf("left:\n%s", strings.Join(left, "\n\n"))
			}
		}()
		runtest.Eventually(t, patience, "the goroutines to end", func() bool {
			left = running()
			return len(left) == 0
		})
	})
}

// running returns the stacks at work on calls, but for the test's own.
func running() (stacks []string) {
	buf := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "testing.tRunner") || strings.Contains(stack, "testing.(*T).Run") {
			continue
		}
		if strings.Contains(stack, "/issuance/") || strings.Contains(stack, "net/http.") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// Trace collects what outlives a call: logs, the standard one too, metrics, and
// errors that a test adds.
type Trace struct {
	Log     *zap.Logger
	Metrics *prometheus.Registry
	text    runtest.Buffer
}

// NewTrace takes the standard log until the test ends. Not for parallel tests.
func NewTrace(t testing.TB) *Trace {
	tr := &Trace{Metrics: prometheus.NewRegistry()}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	tr.Log = zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&tr.text), zap.DebugLevel))
	before := log.Writer()
	log.SetOutput(&tr.text)
	t.Cleanup(func() { log.SetOutput(before) })
	return tr
}

// Error adds an error's text.
func (tr *Trace) Error(err error) {
	if err != nil {
		tr.text.Write([]byte(err.Error() + "\n"))
	}
}

// Free fails the test if one of the marks is anywhere in the trace.
func (tr *Trace) Free(t testing.TB, marks ...string) {
	t.Helper()
	families, err := tr.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.NewBufferString(tr.text.String())
	for _, f := range families {
		fmt.Fprintln(all, f.GetName(), f.GetHelp())
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				fmt.Fprintln(all, l.GetName(), l.GetValue()) // as it is: String would escape it
			}
		}
	}
	if all.Len() == 0 {
		t.Fatal("the trace is empty: this test looks at nothing")
	}
	for _, mark := range marks {
		if strings.Contains(all.String(), mark) {
			t.Errorf("%q is in a log, a metric or an error", mark)
		}
	}
}

// Count is the value of a counter or gauge whose labels hold all given values.
func (tr *Trace) Count(t testing.TB, name string, values ...string) (sum float64) {
	t.Helper()
	families, err := tr.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]bool{}
			for _, l := range m.GetLabel() {
				labels[l.GetValue()] = true
			}
			all := f.GetName() == name
			for _, v := range values {
				all = all && labels[v]
			}
			if all {
				found = true
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	if !found {
		t.Fatalf("there is no metric %s %q", name, values)
	}
	return sum
}

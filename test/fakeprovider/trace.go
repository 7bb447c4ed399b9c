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

// NoLeaks fails the test if goroutines of the backend or of net/http still run after all other
// cleanups of the test. Call it first. It is not for parallel tests.
func NoLeaks(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		var left []string
		defer func() {
			if len(left) > 0 {
				t.Logf("goroutines still running:\n%s", strings.Join(left, "\n\n"))
			}
		}()
		runtest.Eventually(t, patience, "the goroutines to end", func() bool {
			left = backendStacks()
			return len(left) == 0
		})
	})
}

// backendStacks returns the stacks of goroutines that work on calls, except the test's own.
func backendStacks() (stacks []string) {
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

// Trace collects what remains after a call: logs (the standard logger's too), metrics, and errors
// that a test adds.
type Trace struct {
	Log     *zap.Logger
	Metrics *prometheus.Registry
	text    runtest.Buffer
}

// NewTrace redirects the standard logger until the test ends. It is not for parallel tests.
func NewTrace(t testing.TB) *Trace {
	tr := &Trace{Metrics: prometheus.NewRegistry()}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	tr.Log = zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&tr.text), zap.DebugLevel))
	before := log.Writer()
	log.SetOutput(&tr.text)
	t.Cleanup(func() { log.SetOutput(before) })
	return tr
}

// Error adds the text of an error.
func (tr *Trace) Error(err error) {
	if err != nil {
		tr.text.Write([]byte(err.Error() + "\n"))
	}
}

// Free fails the test if the trace contains one of the marks.
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
				fmt.Fprintln(all, l.GetName(), l.GetValue()) // unescaped, unlike String
			}
		}
	}
	if all.Len() == 0 {
		t.Fatal("the trace is empty: this test checks nothing")
	}
	for _, mark := range marks {
		if strings.Contains(all.String(), mark) {
			t.Errorf("a log, a metric or an error contains %q", mark)
		}
	}
}

// Count returns the sum of the counters or gauges of a name whose labels include all given values.
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

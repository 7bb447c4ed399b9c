//go:build !race

package batch

import "testing"

// The race detector allocates by itself, hence the build tag.
func TestReadAllocatesNothing(t *testing.T) {
	memory := make([]Scan, 0, Max)
	for _, body := range append(bodies(), batch(Max)) {
		sent := make([]byte, len(body))
		if n := testing.AllocsPerRun(20, func() {
			copy(sent, body)
			Read(sent, memory)
		}); n != 0 {
			t.Errorf("reading %d bytes allocates %v times", len(body), n)
		}
	}
}

func TestReadReportAllocatesNothing(t *testing.T) {
	sent := []byte(oneReport)
	if n := testing.AllocsPerRun(100, func() { ReadReport(sent) }); n != 0 {
		t.Errorf("reading a report allocates %v times", n)
	}
}

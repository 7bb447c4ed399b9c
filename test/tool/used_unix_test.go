//go:build unix

package tool

import "testing"

func TestPeakMemoryIsReadFromStatus(t *testing.T) {
	if n, ok := peakIn("Name:\tx\nVmPeak:\t 9000 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n"); !ok || n != 1234<<10 {
		t.Errorf("%d, %v", n, ok)
	}
	if _, ok := peakIn("Name:\tx\n"); ok {
		t.Error("a peak was read from a status without VmHWM")
	}
	if _, memory, err := Used(); err != nil || memory < 1<<20 {
		t.Errorf("peak memory of this process is %d bytes: %v", memory, err)
	}
}

package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/test/harness/runtest"
)

// The number of concurrent password hashings follows the memory limit; settings that do
// not fit are reported.
func TestPasswordHashingsFitTheMemory(t *testing.T) {
	const mib = 1 << 20
	processors := runtime.GOMAXPROCS(16)
	t.Cleanup(func() { runtime.GOMAXPROCS(processors) })
	for name, c := range map[string]struct {
		setting, hashings int
		limits            process.MemoryLimits
		want              int
		fault             string
	}{
		"no limit":                        {0, 0, process.MemoryLimits{}, 16, ""},
		"the shipped container":           {0, 0, process.MemoryLimits{Runtime: 450 * mib, Group: 512 * mib}, 3, ""},
		"the shipped unit":                {0, 0, process.MemoryLimits{Runtime: 900 * mib, Group: 1024 * mib}, 7, ""},
		"a control group alone":           {0, 0, process.MemoryLimits{Group: 512 * mib}, 4, ""},
		"a setting alone":                 {1024, 0, process.MemoryLimits{}, 8, ""},
		"a setting below the group":       {300, 0, process.MemoryLimits{Group: 512 * mib}, 2, ""},
		"chosen":                          {0, 2, process.MemoryLimits{Group: 512 * mib}, 2, ""},
		"a setting above the group":       {1024, 0, process.MemoryLimits{Group: 512 * mib}, 8, "memory_mib: is above the 512 MiB"},
		"the runtime's above the group's": {0, 0, process.MemoryLimits{Runtime: 900 * mib, Group: 512 * mib}, 4, "memory_mib: GOMEMLIMIT is 900 MiB, and the control group allows 512 MiB"},
		"chosen, too many":                {0, 16, process.MemoryLimits{Group: 512 * mib}, 16, "password_hashings: 16 concurrent password hashings need 1024 MiB, but half of the memory limit of 512 MiB has room for 4: raise the limit to 2048 MiB"},
		"not even one":                    {0, 0, process.MemoryLimits{Group: 100 * mib}, 16, "memory_mib: 1 concurrent password hashings need 64 MiB"},
		"negative hashings":               {0, -1, process.MemoryLimits{}, 0, "password_hashings: "},
		"negative memory":                 {-1, 0, process.MemoryLimits{}, 16, "memory_mib: must be 0"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := config{MemoryMiB: c.setting, PasswordHashings: c.hashings}
			var f conf.Faults
			h := settings.fitMemory(c.limits, &f)
			if c.want > 0 && h.MaxConcurrent() != c.want {
				t.Errorf("%d concurrent hashings, want %d", h.MaxConcurrent(), c.want)
			}
			if (c.fault == "") != (f.Join() == nil) || c.fault != "" && (!strings.HasPrefix(f.Join().Error(), c.fault) || strings.Contains(f.Join().Error(), "\n")) {
				t.Errorf("faults %v, want %q", f, c.fault)
			}
		})
	}
}

// -check refuses settings that exceed the memory limit and names the number that fits.
func TestCheckValidatesTheMemory(t *testing.T) {
	h := newHarness(t)
	before := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	runtest.Has(t, h.mustRun("-check", "-memory_mib", "512", "-password_hashings", "3"), "3 concurrent password hashings (192 MiB)")
	h.wantError("password_hashings: 16 concurrent password hashings", "-check", "-memory_mib", "512", "-password_hashings", "16")
	debug.SetMemoryLimit(100 << 20)
	h.wantError("memory_mib: 1 concurrent password hashings need 64 MiB, but half of the memory limit of 100 MiB", "-check")
}

package process

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestChooseVersion(t *testing.T) {
	built := func(v string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: v}} }
	for _, c := range []struct {
		stamped string
		info    *debug.BuildInfo
		want    string
	}{
		{"v1.2.3", built("v0.0.0-20261129203812-52e037600000"), "v1.2.3"},
		{"", built("v0.0.0-20261129203812-52e037600000+dirty"), "v0.0.0-20261129203812-52e037600000+dirty"},
		{"", built("(devel)"), unknownVersion},
		{"", built(""), unknownVersion},
		{"", nil, unknownVersion},
	} {
		if got := chooseVersion(c.stamped, c.info); got != c.want {
			t.Errorf("stamped %q, recorded %v: got %q, want %q", c.stamped, c.info, got, c.want)
		}
	}
	if line := VersionLine("railgate-gateway"); !strings.HasPrefix(line, "railgate-gateway ") || !strings.Contains(line, runtime.Version()) {
		t.Errorf("got %q", line)
	}
}

func TestVersionAsked(t *testing.T) {
	for _, args := range [][]string{{"-version"}, {"--version"}, {"-config", "missing.toml", "-version"}} {
		if !VersionRequested(args) {
			t.Errorf("%q: false, want true", args)
		}
	}
	for _, args := range [][]string{nil, {"-v"}, {"version"}, {"-config", "x"}} {
		if VersionRequested(args) {
			t.Errorf("%q: true, want false", args)
		}
	}
}

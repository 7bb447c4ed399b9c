package process

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// stamped is set by `make build` and the Containerfiles with
// -ldflags "-X github.com/railgate/railgate/internal/process.stamped=…".
var stamped string

// Version returns the stamped version. Without one it returns the version that the go
// command recorded: for `go build` in a clone, the revision.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = nil
	}
	return chooseVersion(stamped, info)
}

// unknownVersion is the version of a build outside a clone.
const unknownVersion = "unknown"

func chooseVersion(stamped string, info *debug.BuildInfo) string {
	switch {
	case stamped != "":
		return stamped
	case info == nil || info.Main.Version == "" || info.Main.Version == "(devel)":
		return unknownVersion
	}
	return info.Main.Version
}

// VersionLine returns the output of -version.
func VersionLine(program string) string {
	return fmt.Sprintf("%s %s (%s %s/%s)", program, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// VersionRequested reports whether the arguments contain -version. Then all other arguments
// are ignored, including invalid ones.
func VersionRequested(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "-version" || a == "--version" })
}

// BuildInfo returns the metric railgate_build_info.
func BuildInfo() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "railgate_build_info",
		Help:        "Always 1. The labels are the versions of this program and of Go.",
		ConstLabels: prometheus.Labels{"version": Version(), "go": runtime.Version()},
	})
	g.Set(1)
	return g
}

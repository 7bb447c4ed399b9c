// Package version names the build that runs, for -version, the start log and
// the metric railgate_build_info.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
)

// stamped is set by `make build` and the Containerfiles with
// -ldflags "-X github.com/railgate/railgate/internal/version.stamped=…".
var stamped string

// String is the stamped version. Without one it is the version that the go
// command recorded: of a plain `go build` in a clone, the revision.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = nil
	}
	return choose(stamped, info)
}

// unknown is the version of a build outside a clone.
const unknown = "unknown"

func choose(stamped string, info *debug.BuildInfo) string {
	switch {
	case stamped != "":
		return stamped
	case info == nil || info.Main.Version == "" || info.Main.Version == "(devel)":
		return unknown
	}
	return info.Main.Version
}

// Line is the answer of program to -version.
func Line(program string) string {
	return fmt.Sprintf("%s %s (%s %s/%s)", program, String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Asked reports whether the arguments ask for the version. The other arguments
// are then ignored, even wrong ones.
func Asked(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "-version" || a == "--version" })
}

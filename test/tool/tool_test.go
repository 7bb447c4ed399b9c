package tool_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/tool"
)

func TestExitCodeFollowsTheError(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{nil, 0, ""},
		{fmt.Errorf("asked: %w", flag.ErrHelp), 0, ""},
		{errors.New("broken"), 1, "tool: broken\n"},
		{fmt.Errorf("flags: %w", tool.Usage{Err: errors.New("-n must be 1")}), 2, "tool: flags: -n must be 1\ntool -h explains the flags\n"},
	} {
		var printed strings.Builder
		if code := tool.ExitCode("tool", c.err, &printed); code != c.code || printed.String() != c.want {
			t.Errorf("%v: %d and %q, want %d and %q", c.err, code, printed.String(), c.code, c.want)
		}
	}
}

func TestPickAcceptsKnownNamesOnly(t *testing.T) {
	known := []string{"a", "b", "c"}
	if picked, err := tool.Pick("only", "c,a", known); err != nil || !slices.Equal(picked, []string{"c", "a"}) {
		t.Errorf("%v, %v", picked, err)
	}
	for _, list := range []string{"", "d", "a,", "a, b"} {
		var usage tool.Usage
		if picked, err := tool.Pick("only", list, known); !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), "-only: ") {
			t.Errorf("%q: %v, %v", list, picked, err)
		}
	}
}

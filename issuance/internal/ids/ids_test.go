package ids

import (
	"strings"
	"testing"
)

func TestOnlyTheCanonicalSpellingIsWellFormed(t *testing.T) {
	good := New("app_", IDSize)
	if !WellFormed(good, "app_", IDSize) || good == New("app_", IDSize) {
		t.Fatalf("%s is not well formed, or was made twice", good)
	}
	for _, bad := range []string{"", "app_", good[:len(good)-1], good + "0", strings.ToUpper(good), "chk_" + good[4:], good[4:], " " + good, good[:35] + "g"} {
		if WellFormed(bad, "app_", IDSize) {
			t.Errorf("%q is accepted", bad)
		}
	}
	if WellFormed(good, "app_", SecretSize) || Hash(good) == Hash(good[4:]) {
		t.Error("a difference of size or prefix is ignored")
	}
}

func TestBearerAcceptsOneSpelling(t *testing.T) {
	if got := Bearer([]string{"Bearer rga_00"}); got != "rga_00" {
		t.Errorf("got %q", got)
	}
	for _, fields := range [][]string{
		nil, {""}, {"Bearer"}, {"Bearer "}, {"rga_00"}, {"bearer rga_00"}, {"Basic rga_00"}, {" Bearer rga_00"}, {"Bearer rga_00", "Bearer rga_00"},
	} {
		if got := Bearer(fields); got != "" {
			t.Errorf("%q: got %q, want no secret", fields, got)
		}
	}
}

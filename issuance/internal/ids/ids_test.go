package ids

import (
	"strings"
	"testing"
)

func TestOnlyTheOneSpellingIsWellFormed(t *testing.T) {
	good := New("app_", IDSize)
	if !WellFormed(good, "app_", IDSize) || good == New("app_", IDSize) {
		t.Fatalf("%s is not well formed, or made twice", good)
	}
	for _, bad := range []string{"", "app_", good[:len(good)-1], good + "0", strings.ToUpper(good), "chk_" + good[4:], good[4:], " " + good, good[:35] + "g"} {
		if WellFormed(bad, "app_", IDSize) {
			t.Errorf("%q is taken", bad)
		}
	}
	if WellFormed(good, "app_", SecretSize) || Hash(good) == Hash(good[4:]) {
		t.Error("size or prefix does not matter")
	}
}

func TestASecretIsShownInOneForm(t *testing.T) {
	if got := Bearer([]string{"Bearer rga_00"}); got != "rga_00" {
		t.Errorf("%q was shown", got)
	}
	for _, fields := range [][]string{
		nil, {""}, {"Bearer"}, {"Bearer "}, {"rga_00"}, {"bearer rga_00"}, {"Basic rga_00"}, {" Bearer rga_00"}, {"Bearer rga_00", "Bearer rga_00"},
	} {
		if got := Bearer(fields); got != "" {
			t.Errorf("%q show %q", fields, got)
		}
	}
}

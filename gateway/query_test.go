package gateway

import (
	"net/url"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
)

// FuzzReadQuery compares with net/url: what is accepted has the same meaning there, and nothing is decoded.
func FuzzReadQuery(f *testing.F) {
	for _, query := range []string{"", "scope=entry", "train=G101&receipt=1&scope=onboard", "scope=entry&scope=exit", "receipt=1", "scope=%65ntry",
		"scope=entry&train=%47", "&", "=", "scope=entry&x", "scope=sale&train=ABCDEFGH", "scope=sale&train=ABCDEFGHI", "scope=exit;train=G1", "scope=exit+"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, p := readQuery([]byte(query))
		if p != nil {
			if q != noQuery {
				t.Errorf("%q: %+v with the problem %s", query, q, p.code)
			}
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		count := 0
		for name, list := range values {
			count += len(list)
			if len(list) != 1 || !strings.Contains(query, name+"="+list[0]) {
				t.Errorf("%q was accepted with %s=%q", query, name, list)
			}
		}
		if scope, ok := tokens.ParseScope([]byte(values.Get("scope"))); !ok || scope != q.scope || q.train != values.Get("train") ||
			q.receipt != (values.Get("receipt") == "1") || count != strings.Count(query, "&")+1 {
			t.Errorf("%q: read %+v", query, q)
		}
	})
}

var noQuery query

// The parser allocates only the train's name, which is remembered with the head.
func TestReadQueryAllocatesNothing(t *testing.T) {
	for text, want := range map[string]float64{"scope=entry": 0, "receipt=1&scope=onboard": 0, "scope=onboard&train=G101": 1, "scope=onboard&train=g101": 0} {
		raw := []byte(text)
		if n := testing.AllocsPerRun(100, func() { readQuery(raw) }); n != want {
			t.Errorf("%s: %v allocations, want %v", text, n, want)
		}
	}
}

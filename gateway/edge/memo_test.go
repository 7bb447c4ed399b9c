package edge_test

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/gateway/edge"
)

func TestMemoMatchesOnlyItsHead(t *testing.T) {
	var memo edge.Memo[int]
	if memo.Same(mustReadHeader(t, another)) {
		t.Error("an empty memo matches a head")
	}
	memo.Remember(mustReadHeader(t, proper), 7)
	if !memo.Same(mustReadHeader(t, proper)) || memo.Meaning != 7 {
		t.Fatal("a memo does not match its head")
	}
	others := 0
	for i := range len(proper) {
		for _, b := range []byte{proper[i] ^ 1, proper[i] ^ 0x20, '0', '1'} {
			other := proper[:i] + string(b) + proper[i+1:]
			if h, _, err := readHeader(other); err == nil && other != proper {
				others++
				if memo.Same(h) {
					t.Errorf("the memo matches the other head %q", other)
				}
			}
		}
	}
	for _, other := range []string{
		another,
		strings.Replace(proper, "Host", "X-A: b\r\nHost", 1),
		strings.Replace(proper, "Content-Length: 3\r\n", "", 1),
		strings.Replace(proper, "POST /v", "POS T/v", 1),
		"GET / HTTP/1.0\r\n\r\n",
	} {
		if h, _, err := readHeader(other); err == nil {
			others++
			if memo.Same(h) {
				t.Errorf("the memo matches the other head %q", other)
			}
		}
	}
	if others < len(proper) {
		t.Errorf("only %d other heads were tried", others)
	}
	memo.Remember(mustReadHeader(t, another), 8)
	if memo.Same(mustReadHeader(t, proper)) || !memo.Same(mustReadHeader(t, another)) || memo.Meaning != 8 {
		t.Error("a memo matches more than its last head")
	}
}

func TestMemoIsBounded(t *testing.T) {
	long := func(n int) string {
		return "GET / HTTP/1.1\r\n" + host + "X-Filler: " + strings.Repeat("a", n) + "\r\n\r\n"
	}
	size := func(raw string) int { return len(raw) - len("  \r\n") } // the spaces and the end of the request line are not stored
	most := edge.MemoBytes - size(long(0))
	var memo edge.Memo[int]
	memo.Remember(mustReadHeader(t, long(most)), 1)
	if !memo.Same(mustReadHeader(t, long(most))) {
		t.Errorf("a head of %d bytes is not remembered", size(long(most)))
	}
	memo.Remember(mustReadHeader(t, long(most+1)), 2)
	if memo.Same(mustReadHeader(t, long(most+1))) || memo.Same(mustReadHeader(t, long(most))) {
		t.Error("a head is remembered after one that is too long")
	}
}

package identity

import (
	"bufio"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

type nameVector struct {
	entered, kept, key string
	units              int
	over, uncommon     bool
}

func nameVectors(t testing.TB) (vectors []nameVector) {
	t.Helper()
	f, err := os.Open("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		rest := lines.Text()
		if rest == "" || strings.HasPrefix(rest, "#") {
			continue
		}
		var v nameVector
		for _, text := range []*string{&v.entered, &v.kept, &v.key} {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			if *text, err = strconv.Unquote(quoted); err != nil {
				t.Fatal(err)
			}
			rest = strings.TrimPrefix(rest[len(quoted):], " ")
		}
		units, marks, _ := strings.Cut(rest, " ")
		if v.units, err = strconv.Atoi(units); err != nil || strings.Trim(marks, "ou-") != "" || marks == "" {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		v.over, v.uncommon = strings.Contains(marks, "o"), strings.Contains(marks, "u")
		vectors = append(vectors, v)
	}
	if lines.Err() != nil || len(vectors) < 60 {
		t.Fatalf("%d vectors: %v", len(vectors), lines.Err())
	}
	return vectors
}

func TestB8_NameVectors(t *testing.T) {
	for _, v := range nameVectors(t) {
		if got := Key(v.entered); got != v.key {
			t.Errorf("%+q: key %+q, want %+q", v.entered, got, v.key)
		}
		if got := Units(v.entered); got != v.units {
			t.Errorf("%+q has %d units, want %d", v.entered, got, v.units)
		}
		name, err := ReadName(v.entered, Passport)
		if v.kept == "!" {
			if !errors.Is(err, ErrNameEntered) || name != (Name{}) {
				t.Errorf("%+q is accepted as a name: %+v, %v", v.entered, name, err)
			}
			continue
		}
		if want := (Name{v.kept, v.over, v.uncommon}); err != nil || name != want {
			t.Errorf("%+q: %+v, %v, want %+v", v.entered, name, err, want)
		}
	}
}

// Two names of the vectors are the same name exactly if they have the same key.
func TestB8_SameNameHasTheSameKey(t *testing.T) {
	vectors := nameVectors(t)
	for _, a := range vectors {
		for _, b := range vectors {
			if SameName(a.entered, b.entered) != (a.key == b.key) {
				t.Errorf("%+q and %+q", a.entered, b.entered)
			}
		}
	}
}

func TestB8_EnteredNamesAreBounded(t *testing.T) {
	// A name longer than CleanName accepts is cut, not refused.
	name, err := ReadName(strings.Repeat("Test ", 40), Passport)
	if want := strings.Repeat("Test", 7) + "Te"; err != nil || name.Text != want || !name.OverLong {
		t.Errorf("%+v, %v", name, err)
	}
	for _, long := range []string{strings.Repeat("a", MaxEntered+1), strings.Repeat("测", MaxEntered+1), strings.Repeat(" ", 1<<20) + "a"} {
		if _, err := ReadName(long, Passport); !errors.Is(err, ErrNameEntered) {
			t.Errorf("%d bytes: %v", len(long), err)
		}
	}
}

// The test visits all of Unicode, with samples of its long uniform ranges. Both forms are stable,
// and Key differs from the normal spelling only by case.
func TestB8_EveryCharacterIsStable(t *testing.T) {
	for r := rune(0); r < 0xf0000; r++ { // the rest is private use, as before U+F900
		switch {
		case r >= 0x40000 && r < 0xe0000:
			r = 0xe0000 // unassigned between
		case r > 0x3400 && r < 0x9fff, r > 0xac00 && r < 0xf8f0, r > 0x20000 && r < 0x2f700, r > 0x30000:
			r += 12 // Chinese characters, Hangul, surrogates, private use
		}
		s := string(r)
		key := Key(s)
		if Key(key) != key || Cut(Cut(s)) != Cut(s) || Key(Cut(s)) != key {
			t.Fatalf("%U is not stable: %+q, %+q", r, Cut(s), key)
		}
		if !unicode.Is(unicode.Latin, r) || r >= '\uff01' && r <= '\uff5e' {
			continue
		}
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if Key(string(next)) != key {
				t.Fatalf("%U and %U differ by case only", r, next)
			}
		}
	}
}

func FuzzSpelling(f *testing.F) {
	for _, v := range nameVectors(f) {
		f.Add(v.entered, v.kept)
	}
	f.Add(strings.Repeat("\u0301", 70), "a"+strings.Repeat("\u0316\u0301", 40))
	f.Add(strings.Repeat("\u1100\u1161\u11a8", 31), strings.Repeat("\u1100 \u1161", 31))
	f.Fuzz(func(t *testing.T, a, b string) {
		kept, key := Cut(a), Key(a)
		if Units(kept) > MaxUnits || Units(key) > MaxUnits {
			t.Fatalf("%+q is kept as %d units, its key has %d", a, Units(kept), Units(key))
		}
		if Cut(kept) != kept || Key(key) != key || Key(kept) != key {
			t.Fatalf("%+q is not stable: %+q, %+q", a, kept, key)
		}
		if !norm.NFC.IsNormalString(kept) || !norm.NFC.IsNormalString(key) {
			t.Fatalf("%+q is not in NFC: %+q, %+q", a, kept, key)
		}
		if OverLong(a) == (Units(kept) == Units(a)) {
			t.Fatalf("%+q: over-long is %v", a, OverLong(a))
		}
		// Spellings that a keyboard may produce are the same name.
		for _, other := range []string{norm.NFD.String(a), norm.NFC.String(a), " " + a + "\u3000", spaced(a), wide(a), ascii(a, unicode.ToUpper), ascii(a, unicode.ToLower)} {
			if !SameName(a, other) || OverLong(a) != OverLong(other) {
				t.Fatalf("%+q and %+q have the keys %+q and %+q", a, other, key, Key(other))
			}
		}
		if SameName(a, b) != SameName(b, a) || SameName(a, b) != SameName(kept, Cut(b)) {
			t.Fatalf("%+q and %+q", a, b)
		}
		if name, err := ReadName(a, Passport); err == nil {
			again, err := ReadName(name.Text, Passport)
			if err != nil || again.Text != name.Text || again.OverLong || again.Uncommon && !name.Uncommon {
				t.Fatalf("%+q was read as %+v and then as %+v: %v", a, name, again, err)
			}
		}
	})
}

// spaced appends a space to every character.
func spaced(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
		b.WriteByte(' ')
	}
	return b.String()
}

// wide writes ASCII in its full-width forms.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			r += '\uff01' - '!'
		}
		return r
	}, s)
}

func ascii(s string, change func(rune) rune) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII {
			r = change(r)
		}
		return r
	}, s)
}

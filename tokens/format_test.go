package tokens_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
)

const formatDoc = "../docs/token-format.md"

func readFormat(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile(formatDoc)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// table finds the table of the document whose first columns have these names
// and gives its rows, cells without back quotes.
func table(t *testing.T, header ...string) [][]string {
	t.Helper()
	var rows [][]string
	inside := false
	for line := range strings.Lines(readFormat(t)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case len(cells) >= len(header) && slices.Equal(cells[:len(header)], header):
			inside = true
		case inside && !strings.HasPrefix(line, "|---"):
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table with columns %v", formatDoc, header)
	}
	return rows
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", formatDoc, err)
	}
	return n
}

// The document's offsets are the code's, every field once and no gap between.
func TestFormatLayout(t *testing.T) {
	next := 0
	rows := table(t, "Offset", "Size", "Field", "Part")
	for _, row := range rows {
		offset, size, field, part := number(t, row[0]), number(t, row[1]), row[2], row[3]
		if at, ok := tokens.Layout[field]; !ok || at.Offset != offset || at.Size != size {
			t.Errorf("%s at %d, %d bytes: the code has %+v", field, offset, size, at)
		}
		want := "code"
		switch {
		case offset < tokens.BodySize:
			want = "body"
		case offset < tokens.PassSize:
			want = "pass"
		}
		if part != want {
			t.Errorf("%s is said to be of the %s, it is of the %s", field, part, want)
		}
		if offset != next {
			t.Errorf("%s begins at %d, the field before it ends at %d", field, offset, next)
		}
		next = offset + size
	}
	if next != tokens.TokenSize || len(rows) != len(tokens.Layout) {
		t.Errorf("%d fields and %d bytes, want %d and %d", len(rows), next, len(tokens.Layout), tokens.TokenSize)
	}
}

func TestFormatConstants(t *testing.T) {
	want := map[string]string{
		"Prefix": tokens.Prefix, "SigningDomain": tokens.SigningDomain, "LinkDomain": tokens.LinkDomain,
	}
	for name, n := range map[string]int{
		"Version": tokens.Version, "BodySize": tokens.BodySize, "SigSize": tokens.SigSize,
		"PassSize": tokens.PassSize, "TokenSize": tokens.TokenSize, "TextSize": tokens.TextSize,
		"SignedSize": tokens.SignedSize, "PublicKeySize": tokens.PublicKeySize,
		"MinPeriod": tokens.MinPeriod, "MaxPeriod": tokens.MaxPeriod, "MaxLength": tokens.MaxLength,
		"CredentialLife": tokens.CredentialLife, "Period": tokens.Period, "Length": tokens.Length,
		"PreviousSteps": tokens.PreviousSteps, "Ahead": tokens.Ahead,
	} {
		want[name] = strconv.Itoa(n)
	}
	for _, row := range table(t, "Constant", "Value") {
		value, ok := want[row[0]]
		if !ok || row[1] != value {
			t.Errorf("%s is said to be %s, the code has %q", row[0], row[1], value)
		}
		delete(want, row[0])
	}
	for name := range want {
		t.Errorf("%s is missing in the document, or stands there twice", name)
	}
}

func TestFormatScopes(t *testing.T) {
	rows := table(t, "Bit", "Scope")
	for i, row := range rows {
		scope, ok := tokens.ParseScope([]byte(row[1]))
		if bit := number(t, row[0]); bit != i || !ok || scope != 1<<bit {
			t.Errorf("bit %d is said to be %s, which is %#x", bit, row[1], uint8(scope))
		}
	}
	if len(rows) != len(tokens.ScopeNames()) {
		t.Errorf("the document has %d scopes, the code %d", len(rows), len(tokens.ScopeNames()))
	}
}

// Reasons, classes and both texts, in the order of the code, none missing.
func TestFormatReasons(t *testing.T) {
	rows := table(t, "Code", "Class", "English", "Chinese")
	reasons := tokens.Reasons()
	if len(rows) != len(reasons) {
		t.Fatalf("the document has %d reasons, the code %d", len(rows), len(reasons))
	}
	for i, r := range reasons {
		en, zh := r.Text()
		if want := []string{r.String(), r.Class().String(), en, zh}; !slices.Equal(rows[i], want) {
			t.Errorf("the document has %q, the code %q", rows[i], want)
		}
	}
}

// Times that the prose works out follow from the constants.
func TestFormatTimesInTheProse(t *testing.T) {
	doc := readFormat(t)
	shown := (tokens.MaxLength + tokens.PreviousSteps) * tokens.MaxPeriod // seconds after a start, at most
	for _, want := range []string{
		fmt.Sprintf("still work for up to %d min", shown/60),
		fmt.Sprintf("until start + %d.", (tokens.Length+tokens.PreviousSteps)*tokens.Period),
		fmt.Sprintf("Phones stop showing codes at start + %d.", tokens.Length*tokens.Period),
		fmt.Sprintf("2·P + %d = %d s in all", tokens.Ahead, 2*tokens.Period+tokens.Ahead),
		"max(0, min(start + length · P, expiry) − t)",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("%s does not say %q", formatDoc, want)
		}
	}
	if shown%60 != 0 {
		t.Errorf("%d s are no whole minutes", shown)
	}
}

// Every reason that the prose names in code style exists.
func TestFormatAnswersExist(t *testing.T) {
	named := 0
	for _, row := range table(t, "When", "Answer", "Why") {
		reasonNamed(t, row[1])
		named++
	}
	for line := range strings.Lines(readFormat(t)) {
		_, answers, step := strings.Cut(line, "→ `")
		for step {
			var code string
			code, answers, _ = strings.Cut(answers, "`")
			reasonNamed(t, code)
			named++
			_, answers, step = strings.Cut(answers, "`")
		}
	}
	if named < 15 {
		t.Errorf("only %d answers found: the document's form has changed", named)
	}
}

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

// table returns the rows of the document's table whose first columns have these
// names, cells without backquotes.
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

// TestFormatLayout compares the document's offsets with the code: every field once,
// without gaps.
func TestFormatLayout(t *testing.T) {
	next := 0
	rows := table(t, "Offset", "Size", "Field", "Part")
	for _, row := range rows {
		offset, size, field, part := number(t, row[0]), number(t, row[1]), row[2], row[3]
		if at, ok := tokens.Layout[field]; !ok || at.Offset != offset || at.Size != size {
			t.Errorf("%s at %d, %d bytes: want %+v", field, offset, size, at)
		}
		want := "code"
		switch {
		case offset < tokens.BodySize:
			want = "body"
		case offset < tokens.PassSize:
			want = "pass"
		}
		if part != want {
			t.Errorf("%s is listed as part of the %s, want %s", field, part, want)
		}
		if offset != next {
			t.Errorf("%s begins at %d, the previous field ends at %d", field, offset, next)
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
	_, constants, begin := strings.Cut(readFormat(t), "```\nVersion ")
	constants, _, end := strings.Cut("Version "+constants, "```")
	if !begin || !end {
		t.Fatalf("%s has no list of constants", formatDoc)
	}
	for line := range strings.Lines(constants) {
		row := strings.Fields(line)
		value, ok := want[row[0]]
		if !ok || row[1] != value {
			t.Errorf("%s is %s in the document, want %q", row[0], row[1], value)
		}
		delete(want, row[0])
	}
	for name := range want {
		t.Errorf("%s is missing from the document or listed twice", name)
	}
}

func TestFormatScopes(t *testing.T) {
	for bit, name := range tokens.ScopeNames() {
		if scope, ok := tokens.ParseScope([]byte(name)); !ok || scope != 1<<bit {
			t.Errorf("scope %s is %#x, want bit %d", name, uint8(scope), bit)
		}
	}
	want := "from bit 0: `" + strings.Join(tokens.ScopeNames(), "`, `") + "`."
	if doc := strings.Join(strings.Fields(readFormat(t)), " "); !strings.Contains(doc, want) {
		t.Errorf("%s does not contain %q", formatDoc, want)
	}
}

// TestFormatReasons compares codes, classes and both texts, in the order of the constants.
func TestFormatReasons(t *testing.T) {
	var want strings.Builder
	for _, r := range tokens.Reasons() {
		en, zh := r.Text()
		fmt.Fprintf(&want, "%s (%s)\n  %s\n  %s\n", r, r.Class(), en, zh)
	}
	if !strings.Contains(readFormat(t), "```\n"+want.String()+"```\n") {
		t.Errorf("%s does not contain the reasons of the code:\n%s", formatDoc, want.String())
	}
}

// TestFormatTimes derives the times in the document's prose from the constants.
func TestFormatTimes(t *testing.T) {
	doc := strings.Join(strings.Fields(readFormat(t)), " ")
	shown := (tokens.MaxLength + tokens.PreviousSteps) * tokens.MaxPeriod // seconds after a start, at most
	for _, want := range []string{
		fmt.Sprintf("still work for up to %d min", shown/60),
		fmt.Sprintf("until start + %d.", (tokens.Length+tokens.PreviousSteps)*tokens.Period),
		fmt.Sprintf("Phones stop showing codes at start + %d.", tokens.Length*tokens.Period),
		fmt.Sprintf("2·P + %d = %d s in all", tokens.Ahead, 2*tokens.Period+tokens.Ahead),
		"max(0, min(start + length · P, expiry) − t)",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("%s does not contain %q", formatDoc, want)
		}
	}
	if shown%60 != 0 {
		t.Errorf("%d s is not a whole number of minutes", shown)
	}
}

// TestFormatReasonsExist looks up every reason in the table of section 9 and in the
// steps of section 10.
func TestFormatReasonsExist(t *testing.T) {
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
		t.Errorf("only %d reasons found: the structure of the document has changed", named)
	}
}

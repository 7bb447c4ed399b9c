package repo

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

var vectors = regexp.MustCompile(`(\d+) test vectors`)

func TestDocumentsNameTheNumberOfTestVectors(t *testing.T) {
	all, err := filepath.Glob(filepath.Join(root, "tokens/testdata/vectors/*.json"))
	if err != nil || len(all) < 100 {
		t.Fatalf("%d vectors, %v", len(all), err)
	}
	found := 0
	for _, path := range files(t, ".md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range vectors.FindAllStringSubmatch(string(text), -1) {
			found++
			if m[1] != strconv.Itoa(len(all)) {
				t.Errorf("%s says %s, there are %d", path, m[0], len(all))
			}
		}
	}
	if found == 0 {
		t.Error("no document says how many test vectors there are: the pattern must be wrong")
	}
}

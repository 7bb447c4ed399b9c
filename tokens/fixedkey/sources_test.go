package fixedkey_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// vector is one published case and what its source expects of it.
type vector struct {
	id                         string
	public, message, signature []byte
	want                       bool
}

// source is one published file. testdata/README.md says where each is from.
type source struct {
	name, file string
	sha256     string // of the file, unpacked
	cases      int
	read       func(file []byte) ([]vector, error)
	// differ names the cases that crypto/ed25519 answers otherwise than the
	// source expects, with the reason; a list, so that a change is noticed.
	differ map[string]string
}

var sources = []source{
	{
		name:   "wycheproof",
		file:   "testdata/wycheproof/ed25519_test.json.gz",
		sha256: "752d2ea7d7c6cf4736381b6cbacb61f8182b126ab7cd9b058f00c50084975536",
		cases:  151,
		read:   readWycheproof,
	},
	{
		name:   "speccheck",
		file:   "testdata/speccheck/speccheck_cases.json",
		sha256: "08e47a36d9aead288664930505584f353fff113ab854f2800db1e4f5b3540450",
		cases:  12,
		read:   readSpeccheck,
		differ: map[string]string{
			"0":  "crypto/ed25519 takes keys of small order",
			"1":  "crypto/ed25519 takes keys of small order",
			"4":  "crypto/ed25519 does not multiply by the cofactor",
			"5":  "crypto/ed25519 does not multiply by the cofactor",
			"11": "crypto/ed25519 takes keys that are not canonical, and hashes them as they came",
		},
	},
	{
		name:   "ed25519vectors",
		file:   "testdata/ed25519vectors/ed25519vectors.json.gz",
		sha256: "ed3dd0730ec5ef2dbfd629186fbefeb6299cbbf9a6ed94af0478f07291acacca",
		cases:  768,
		read:   readEd25519Vectors,
	},
}

// load reads a source's cases. A file that was changed or is missing fails.
func (s *source) load(t testing.TB) []vector {
	t.Helper()
	file, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(s.file, ".gz") {
		unpacked, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if file, err = io.ReadAll(unpacked); err != nil {
			t.Fatal(err)
		}
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(file)); sum != s.sha256 {
		t.Fatalf("%s unpacks to SHA-256 %s, want %s", s.file, sum, s.sha256)
	}
	vectors, err := s.read(file)
	if err != nil {
		t.Fatalf("%s: %v", s.file, err)
	}
	if len(vectors) != s.cases {
		t.Fatalf("%s holds %d cases, want %d", s.file, len(vectors), s.cases)
	}
	return vectors
}

// bytesInHex is a byte string as all three files write it.
type bytesInHex []byte

func (b *bytesInHex) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

func readWycheproof(file []byte) (all []vector, err error) {
	var suite struct {
		NumberOfTests int
		TestGroups    []struct {
			PublicKey struct{ PK bytesInHex }
			Tests     []struct {
				TcID     int
				Msg, Sig bytesInHex
				Result   string
			}
		}
	}
	if err := json.Unmarshal(file, &suite); err != nil {
		return nil, err
	}
	for _, group := range suite.TestGroups {
		for _, c := range group.Tests {
			if c.Result != "valid" && c.Result != "invalid" {
				return nil, fmt.Errorf("case %d expects %q", c.TcID, c.Result)
			}
			all = append(all, vector{fmt.Sprint(c.TcID), group.PublicKey.PK, c.Msg, c.Sig, c.Result == "valid"})
		}
	}
	if len(all) != suite.NumberOfTests {
		return nil, fmt.Errorf("%d cases, the file says %d", len(all), suite.NumberOfTests)
	}
	return all, nil
}

// readSpeccheck numbers the cases as the paper does. The file holds no answers;
// those here are of the paper's Algorithm 2, which multiplies by the cofactor
// and refuses keys of small order and all that is not canonical.
func readSpeccheck(file []byte) (all []vector, err error) {
	var cases []struct {
		Message   bytesInHex
		PublicKey bytesInHex `json:"pub_key"`
		Signature bytesInHex
	}
	if err := json.Unmarshal(file, &cases); err != nil {
		return nil, err
	}
	for i, c := range cases {
		want := 2 <= i && i <= 5
		all = append(all, vector{fmt.Sprint(i), c.PublicKey, c.Message, c.Signature, want})
	}
	return all, nil
}

// readEd25519Vectors numbers the cases in file order. The file holds flags in
// place of answers; the rule that makes answers of them is its package's own,
// for crypto/ed25519: neither a residue of low order nor a non-canonical R.
func readEd25519Vectors(file []byte) (all []vector, err error) {
	var cases []struct {
		A, R, S bytesInHex
		M       string
		Flags   []string
	}
	if err := json.Unmarshal(file, &cases); err != nil {
		return nil, err
	}
	for i, c := range cases {
		want := true
		for _, flag := range c.Flags {
			want = want && flag != "LowOrderResidue" && flag != "NonCanonicalR"
		}
		all = append(all, vector{fmt.Sprint(i), c.A, []byte(c.M), append(c.R, c.S...), want})
	}
	return all, nil
}

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

// vector is one published case with the answer that its source expects.
type vector struct {
	id                         string
	public, message, signature []byte
	want                       bool
}

// source is one published file. testdata/README.md lists the origins.
type source struct {
	name, file string
	sha256     string // of the unpacked file
	cases      int
	parse      func(file []byte) ([]vector, error)
	// differ lists the cases for which crypto/ed25519 and the source disagree, with
	// the reason. The test fails for any other difference.
	differ map[string]string
}

var sources = []source{
	{
		name:   "wycheproof",
		file:   "testdata/wycheproof/ed25519_test.json.gz",
		sha256: "752d2ea7d7c6cf4736381b6cbacb61f8182b126ab7cd9b058f00c50084975536",
		cases:  151,
		parse:  parseWycheproof,
	},
	{
		name:   "speccheck",
		file:   "testdata/speccheck/speccheck_cases.json",
		sha256: "08e47a36d9aead288664930505584f353fff113ab854f2800db1e4f5b3540450",
		cases:  12,
		parse:  parseSpeccheck,
		differ: map[string]string{
			"0":  "crypto/ed25519 accepts keys of small order",
			"1":  "crypto/ed25519 accepts keys of small order",
			"4":  "crypto/ed25519 does not multiply by the cofactor",
			"5":  "crypto/ed25519 does not multiply by the cofactor",
			"11": "crypto/ed25519 accepts keys that are not canonical, and hashes their bytes unchanged",
		},
	},
	{
		name:   "ed25519vectors",
		file:   "testdata/ed25519vectors/ed25519vectors.json.gz",
		sha256: "ed3dd0730ec5ef2dbfd629186fbefeb6299cbbf9a6ed94af0478f07291acacca",
		cases:  768,
		parse:  parseEd25519Vectors,
	},
}

// load reads a source's cases. It fails if the file is missing or was changed.
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
	vectors, err := s.parse(file)
	if err != nil {
		t.Fatalf("%s: %v", s.file, err)
	}
	if len(vectors) != s.cases {
		t.Fatalf("%s contains %d cases, want %d", s.file, len(vectors), s.cases)
	}
	return vectors
}

// bytesInHex is a byte string in hexadecimal digits, as in all three files.
type bytesInHex []byte

func (b *bytesInHex) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

func parseWycheproof(file []byte) (all []vector, err error) {
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
		return nil, fmt.Errorf("%d cases, the file states %d", len(all), suite.NumberOfTests)
	}
	return all, nil
}

// parseSpeccheck numbers the cases as the paper does. The file contains no answers. The
// answers here are those of the paper's Algorithm 2, which multiplies by the cofactor
// and refuses keys of small order and encodings that are not canonical.
func parseSpeccheck(file []byte) (all []vector, err error) {
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

// parseEd25519Vectors numbers the cases in file order. The file contains flags in place
// of answers. The rule that derives answers for crypto/ed25519 is that of its package:
// neither a residue of low order nor a non-canonical R.
func parseEd25519Vectors(file []byte) (all []vector, err error) {
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

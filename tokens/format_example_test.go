package tokens_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// example returns the "name = value" lines of the document's worked example.
func example(t *testing.T) map[string]string {
	t.Helper()
	values := make(map[string]string)
	for line := range strings.Lines(readFormat(t)) {
		name, value, ok := strings.Cut(line, " = ")
		if !ok || strings.HasPrefix(line, "-") || strings.HasPrefix(line, "|") {
			continue
		}
		values[strings.TrimSpace(name)] = strings.TrimRight(value, "\n")
	}
	return values
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil || len(b) == 0 {
		t.Fatalf("the example has %q in place of hexadecimal digits: %v", text, err)
	}
	return b
}

// TestFormatExample computes the document's worked example again.
func TestFormatExample(t *testing.T) {
	documented := example(t)
	same := func(name string, got []byte) {
		t.Helper()
		if documented[name] != hex.EncodeToString(got) {
			t.Errorf("%s is %q in the document, want %x", name, documented[name], got)
		}
	}
	serial := tokens.Serial{Day: 20494, Index: 1042}
	anchor, links := tokens.Chain(tokens.Link(unhex(t, documented["seed"])), serial, 30)
	same("anchor", anchor[:])
	for name, step := range map[string]int{"link 28": 28, "link 8": 8, "link 7": 7, "link 6": 6, "link 0": 0} {
		same(name, links[step][:])
	}
	for name, result := range map[string]tokens.Link{"hashed at 29": links[28], "hashed at 0": anchor} {
		input := unhex(t, documented[name])
		if sum := sha256.Sum256(input); tokens.Link(sum[:16]) != result || !strings.HasPrefix(string(input), tokens.LinkDomain) {
			t.Errorf("%s does not hash to its link", name)
		}
	}

	dayKey := sum256(unhex(t, documented["subject key"]), append([]byte("railgate/subject/v1"), 20494>>8, 20494&0xff))
	same("day key", dayKey)
	same("subject", sum256(dayKey, unhex(t, documented["document"]))[:8])

	public := tokentest.NewIssuer(1).Signer.Public()
	same("public key", public[:])
	message, signature := unhex(t, documented["message"]), unhex(t, documented["signature"])
	if !ed25519.Verify(public[:], message, signature) {
		t.Error("the signature of the example does not verify")
	}
	pass := tokens.AssemblePass((*[tokens.SignedSize]byte)(message), (*[tokens.SigSize]byte)(signature))
	code := tokens.Assemble(&pass, unhex(t, documented["step"])[0], links[7])
	if documented["text"] != code.Text() {
		t.Errorf("text is %q in the document, want %q", documented["text"], code.Text())
	}
	same("subject", unhex(t, code.Subject().String()))

	for _, v := range readVectors(t) {
		if v.Name == "ok" {
			if *v.Text != documented["text"] {
				t.Error("the example differs from the vector ok.json")
			}
			return
		}
	}
	t.Error("the vector ok.json is missing")
}

func sum256(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

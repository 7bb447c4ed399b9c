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

// example reads the lines "name = value" of the document's worked example.
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
		t.Fatalf("the example has %q where hexadecimal belongs: %v", text, err)
	}
	return b
}

// The worked example of the document, computed again.
func TestFormatExample(t *testing.T) {
	said := example(t)
	same := func(name string, got []byte) {
		t.Helper()
		if said[name] != hex.EncodeToString(got) {
			t.Errorf("%s is said to be %q, it is %x", name, said[name], got)
		}
	}
	serial := tokens.Serial{Day: 20494, Index: 1042}
	anchor, links := tokens.Chain(tokens.Link(unhex(t, said["seed"])), serial, 30)
	same("anchor", anchor[:])
	for name, step := range map[string]int{"link 28": 28, "link 8": 8, "link 7": 7, "link 6": 6, "link 0": 0} {
		same(name, links[step][:])
	}
	for name, result := range map[string]tokens.Link{"hashed at 29": links[28], "hashed at 0": anchor} {
		input := unhex(t, said[name])
		if sum := sha256.Sum256(input); tokens.Link(sum[:16]) != result || !strings.HasPrefix(string(input), tokens.LinkDomain) {
			t.Errorf("%s does not hash to the link it should", name)
		}
	}

	dayKey := sum256(unhex(t, said["subject key"]), append([]byte("railgate/subject/v1"), 20494>>8, 20494&0xff))
	same("day key", dayKey)
	same("subject", sum256(dayKey, unhex(t, said["document"]))[:8])

	public := tokentest.NewIssuer(1).Signer.Public()
	same("public key", public[:])
	message, signature := unhex(t, said["message"]), unhex(t, said["signature"])
	if !ed25519.Verify(public[:], message, signature) {
		t.Error("the signature of the example is not good")
	}
	pass := tokens.Seal((*[tokens.SignedSize]byte)(message), (*[tokens.SigSize]byte)(signature))
	code := tokens.Assemble(&pass, unhex(t, said["step"])[0], links[7])
	if said["text"] != code.Text() {
		t.Errorf("text is said to be %q, it is %q", said["text"], code.Text())
	}
	same("subject", unhex(t, code.Subject().String()))

	for _, v := range readVectors(t) {
		if v.Name == "ok" {
			if *v.Text != said["text"] {
				t.Error("the example is not the vector ok.json")
			}
			return
		}
	}
	t.Error("the vector ok.json of the example is missing")
}

func sum256(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/railgate/railgate/tokens"
)

// plainToken is a code in a straightforward form: docs/token-format.md as a struct, decoded by
// reflection, with the raw bytes kept for the signature.
type plainToken struct {
	plainWire
	raw []byte
}

type plainWire struct {
	Version   uint8
	Key       uint16
	Day       uint16
	Index     uint32
	Subject   [8]byte
	Start     uint32
	Expiry    uint32
	Period    uint8
	Length    uint8
	Scopes    uint8
	Anchor    [16]byte
	Signature [64]byte
	Step      uint8
	Link      [16]byte
}

const plainAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// plainBase45 decodes RFC 9285 into a new slice.
func plainBase45(text string) ([]byte, bool) {
	var out []byte
	for len(text) > 0 {
		n := min(3, len(text))
		if n == 1 {
			return nil, false
		}
		value, weight := 0, 1
		for i := range n {
			digit := strings.IndexByte(plainAlphabet, text[i])
			if digit < 0 {
				return nil, false
			}
			value += digit * weight
			weight *= 45
		}
		switch {
		case n == 3 && value <= 0xffff:
			out = append(out, byte(value>>8), byte(value))
		case n == 2 && value <= 0xff:
			out = append(out, byte(value))
		default:
			return nil, false
		}
		text = text[n:]
	}
	return out, true
}

// plainText encodes 125 bytes as a code, valid or not.
func plainText(raw []byte) []byte {
	text := []byte("RG1:")
	for ; len(raw) >= 2; raw = raw[2:] {
		v := int(raw[0])<<8 | int(raw[1])
		text = append(text, plainAlphabet[v%45], plainAlphabet[v/45%45], plainAlphabet[v/2025])
	}
	return append(text, plainAlphabet[raw[0]%45], plainAlphabet[raw[0]/45])
}

// plainParse gives the same answers as Token.ParseText.
func plainParse(text string) (*plainToken, tokens.Reason) {
	if len(text) < 4 || text[:2] != "RG" || text[2] < '0' || text[2] > '9' || text[3] != ':' {
		return nil, tokens.ReasonMalformed
	}
	if text[2] != '1' {
		return nil, tokens.ReasonVersion
	}
	if len(text) != 192 {
		return nil, tokens.ReasonMalformed
	}
	raw, ok := plainBase45(text[4:])
	if !ok {
		return nil, tokens.ReasonMalformed
	}
	t := &plainToken{raw: raw}
	if n, err := binary.Decode(raw, binary.BigEndian, &t.plainWire); err != nil || n != len(raw) {
		return nil, tokens.ReasonMalformed
	}
	approved := int64(t.Expiry) - 86400
	switch {
	case t.Version != 1,
		t.Period < 15, t.Period > 60, t.Length == 0, t.Length > 30,
		t.Scopes == 0, t.Scopes > 127, t.Step >= t.Length,
		approved < -28800, (approved+28800)/86400 != int64(t.Day),
		int64(t.Start) < approved, t.Start >= t.Expiry:
		return nil, tokens.ReasonMalformed
	}
	return t, tokens.ReasonOK
}

// plainLinkHolds hashes back to the anchor with a new hash per link.
func (t *plainToken) plainLinkHolds() bool {
	link := t.Link[:]
	for step := int(t.Step); step >= 0; step-- {
		h := sha256.New()
		h.Write([]byte("railgate/link/v1"))
		h.Write(t.raw[3:9]) // day and index
		h.Write([]byte{byte(step)})
		h.Write(link)
		link = h.Sum(nil)[:16]
	}
	return bytes.Equal(link, t.Anchor[:])
}

// plainMessage returns the signed message.
func plainMessage(body []byte) []byte { return append([]byte("RGP"), body...) }

func (t *plainToken) plainSigned(public ed25519.PublicKey) bool {
	return ed25519.Verify(public, plainMessage(t.raw[:44]), t.Signature[:])
}

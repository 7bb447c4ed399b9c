package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Signer signs for one gateway. Sign returns the Ed25519 signature of the message under the key that the
// authority announced for ID. It may be called concurrently.
type Signer interface {
	ID() revocation.GatewayID
	Sign(message []byte) [ed25519.SignatureSize]byte
}

// GatewayKeys finds the keys that the authority announced for gateways. [revocation.Replica] and [Keys]
// implement it.
type GatewayKeys interface {
	Gateway(id revocation.GatewayID) (key revocation.GatewayKey, ok bool)
}

// Decision is the verdict in a receipt.
type Decision uint8

// The decisions. The numbers are wire values.
const (
	Denied  Decision = iota
	Allowed          // admitted
	Flagged          // admitted, and the policy asks for a second look
	decisionCount
)

var decisionNames = [decisionCount]string{"deny", "allow", "allow_flagged"}

func (d Decision) String() string { return decisionNames[d] }

// Receipt is a gateway's signed statement about one verdict. It contains the hash of the code and nothing
// about its holder: only a party that has the code can tell which code was judged.
type Receipt struct {
	Gateway   revocation.GatewayID
	Code      [sha256.Size]byte // see HashCode
	Scope     tokens.Scope
	Decision  Decision
	Reason    string // stable code of the verdict's reason; "ok" exactly if Decision admits
	Scanned   int64  // when the device read the code, by the device's clock, Unix ms
	Judged    int64  // when the gateway judged it, by the gateway's clock, Unix ms
	Watermark int64  // of the revocation data that it was judged by, Unix ms; 0: there was none
	Device    string // id of the device in the gateway's settings, 1 to 64 bytes
}

// On the wire a receipt is, big-endian: magic (4), gateway (2), hash of the code (32), scope (1), decision (1),
// scanned, judged, watermark (8 each), length of the reason (1), reason, length of the device id (1), device id,
// signature (64) over all preceding bytes.
const (
	receiptFamily = "RGR" // the version is the byte that follows
	receiptMagic  = "RGR1"
	receiptFixed  = 4 + 2 + sha256.Size + 1 + 1 + 8 + 8 + 8
	maxReason     = 64
	maxDevice     = 64
	// MaxReceipt is the greatest length of a receipt, bytes.
	MaxReceipt = receiptFixed + 1 + maxReason + 1 + maxDevice + ed25519.SignatureSize
)

// ReceiptText is the encoding of receipts in JSON and in files: Base64 with padding, one spelling.
var ReceiptText = base64.StdEncoding.Strict()

// Reasons why a receipt is refused.
var (
	ErrReceiptForm      = errors.New("bundle: not a complete receipt")
	ErrReceiptVersion   = errors.New("bundle: receipt of an unknown version")
	ErrReceiptSignature = errors.New("bundle: the receipt was altered, or another gateway signed it")
	ErrGatewayUnknown   = errors.New("bundle: the authority did not announce this gateway")
	ErrGatewayWithdrawn = errors.New("bundle: dated at or after the withdrawal of the gateway's key")
)

// HashCode returns the hash by which receipts name a code: SHA-256 of the bytes that the device read, which
// for a well-formed code are its text.
func HashCode(text []byte) [sha256.Size]byte { return sha256.Sum256(text) }

// AppendReceipt appends the signed receipt of the signer's gateway to dst; r.Gateway is ignored. It panics if
// r contains values that [OpenReceipt] refuses, because every one of them is a constant or a checked setting.
func AppendReceipt(dst []byte, r *Receipt, s Signer) []byte {
	from := len(dst)
	dst = append(dst, receiptMagic...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(s.ID()))
	dst = append(dst, r.Code[:]...)
	dst = append(dst, byte(r.Scope), byte(r.Decision))
	for _, at := range [...]int64{r.Scanned, r.Judged, r.Watermark} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(at))
	}
	dst = append(append(dst, byte(len(r.Reason))), r.Reason...)
	dst = append(append(dst, byte(len(r.Device))), r.Device...)
	if _, ok := readReceipt(dst[from:]); !ok {
		panic("BUG: a receipt that its own reader refuses")
	}
	signature := s.Sign(dst[from:])
	return append(dst, signature[:]...)
}

// OpenReceipt reads and verifies a receipt. It returns the receipt also if only the gateway's key is unknown or
// was withdrawn, so that the refusal can name the gateway and the date; an error always means that the receipt
// proves nothing.
//
// A gateway's withdrawal is compared with the time of the verdict. A thief of the key can date a receipt
// earlier, so the authority dates a withdrawal at the last moment at which the key was certainly safe.
func OpenReceipt(raw []byte, keys GatewayKeys) (*Receipt, error) {
	if len(raw) < len(receiptMagic) || string(raw[:len(receiptFamily)]) != receiptFamily {
		return nil, ErrReceiptForm
	}
	if string(raw[:len(receiptMagic)]) != receiptMagic {
		return nil, ErrReceiptVersion
	}
	end := len(raw) - ed25519.SignatureSize
	if end < receiptFixed || len(raw) > MaxReceipt {
		return nil, ErrReceiptForm
	}
	r, ok := readReceipt(raw[:end])
	if !ok {
		return nil, ErrReceiptForm
	}
	key, ok := keys.Gateway(r.Gateway)
	switch {
	case !ok:
		return r, fmt.Errorf("%w: %d", ErrGatewayUnknown, r.Gateway)
	case !ed25519.Verify(key.Public[:], raw[:end], raw[end:]):
		return nil, ErrReceiptSignature
	case r.Judged/1000 >= key.Cutoff:
		return r, fmt.Errorf("%w: gateway %d", ErrGatewayWithdrawn, r.Gateway)
	}
	return r, nil
}

// readReceipt decodes the signed bytes. ok is false unless encoding the result again gives the same bytes.
func readReceipt(b []byte) (r *Receipt, ok bool) {
	b = b[len(receiptMagic):]
	r = &Receipt{Gateway: revocation.GatewayID(binary.BigEndian.Uint16(b))}
	b = b[2+copy(r.Code[:], b[2:]):]
	r.Scope, r.Decision = tokens.Scope(b[0]), Decision(b[1])
	b = b[2:]
	for _, at := range [...]*int64{&r.Scanned, &r.Judged, &r.Watermark} {
		*at = int64(binary.BigEndian.Uint64(b))
		b = b[8:]
	}
	reason, b, ok1 := readString(b, maxReason)
	device, b, ok2 := readString(b, maxDevice)
	r.Reason, r.Device = string(reason), string(device)
	return r, ok1 && ok2 && len(b) == 0 &&
		r.Scope.String() != "unknown" && r.Decision < decisionCount &&
		r.Scanned >= 0 && r.Judged >= 0 && r.Watermark >= 0 &&
		isCode(reason) && (r.Decision != Denied) == (r.Reason == tokens.ReasonOK.String())
}

// readString reads a length of one byte, 1 to most, and as many bytes.
func readString(b []byte, most int) (s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] == 0 || int(b[0]) > most || len(b) < 1+int(b[0]) {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}

// isCode reports whether s is spelled like a stable code: lower-case letters, digits and underscores.
func isCode(s []byte) bool {
	return !bytes.ContainsFunc(s, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') })
}

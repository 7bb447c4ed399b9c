package bundle

import "errors"

// codes are the stable codes of the reasons why a receipt or a bundle is refused.
var codes = []struct {
	err  error
	code string
}{
	{ErrReceiptForm, "receipt_form"},
	{ErrReceiptVersion, "receipt_version"},
	{ErrReceiptSignature, "receipt_signature"},
	{ErrGatewayUnknown, "gateway_unknown"},
	{ErrGatewayWithdrawn, "gateway_withdrawn"},
	{ErrProof, "proof"},
	{ErrForm, "form"},
	{ErrVersion, "version"},
	{ErrAuthority, "authority"},
	{ErrSignature, "signature"},
	{ErrSection, "section"},
	{ErrTooLarge, "too_large"},
	{ErrContradict, "contradict"},
	{ErrRolledBack, "rolled_back"},
	{ErrNoBase, "no_base"},
	{ErrDevice, "device"},
	{ErrAhead, "ahead"},
	{ErrFull, "full"},
	{ErrKeyFile, "key_file"},
}

// Code returns the stable code of an error of this package, "ok" for nil, and "" for other errors.
func Code(err error) string {
	if err == nil {
		return "ok"
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return ""
}

package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// formats are how bodies are read and written: as JSON.
var formats = map[string]huma.Format{
	"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal},
	"json":             {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal},
}

// msgUnfitMember is what unmarshal says of a member that fits its schema and not
// its Go type: a schema's numbers are unbounded, and 1e3 is an integer.
const msgUnfitMember = "expected property %s to be a number in range, in plain digits"

// unmarshal reads JSON. Text that isn't UTF-8 is refused, which encoding/json
// would change silently; errors don't speak of Go.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8")
	}
	err := json.Unmarshal(data, v)
	unfit, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return err
	case unfit.Field == "":
		return errors.New(unfit.Value + " is out of range")
	}
	return fmt.Errorf(msgUnfitMember, unfit.Field)
}

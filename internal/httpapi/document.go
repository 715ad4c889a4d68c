package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/swaggest/swgui/v5emb"
)

// document returns handlers that serve the description of the registered operations, as
// OpenAPI 3.1 and, for tools that need it, as OpenAPI 3.0.3. It is marshaled on the first
// request.
func (a *api) document() (openAPI31, openAPI30 http.HandlerFunc) {
	document := a.huma.OpenAPI()
	if len(document.Paths) == 0 {
		document.Extensions = map[string]any{"paths": map[string]any{}} // required, but huma omits an empty one
	}
	completeSchemas(document)
	marshal := sync.OnceValue(func() []byte { return mustMarshal(document) })
	return serveDocument(marshal), serveDocument(sync.OnceValue(func() []byte {
		var downgraded map[string]any
		if err := json.Unmarshal(marshal(), &downgraded); err != nil {
			panic(fmt.Sprintf("httpapi: parse the OpenAPI document: %v", err))
		}
		downgrade(downgraded)
		return mustMarshal(downgraded)
	}))
}

func mustMarshal(document any) []byte {
	text, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Sprintf("httpapi: marshal the OpenAPI document: %v", err)) // an example that isn't JSON
	}
	return text
}

func serveDocument(text func() []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text())
	}
}

// docs serves Swagger UI for the document at spec. It loads nothing from other hosts.
func docs(spec, base string) http.Handler {
	return v5emb.New(title, spec, base)
}

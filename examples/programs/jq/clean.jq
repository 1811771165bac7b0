# Squeezes the white space of a document, counts its words, and leaves out documents without any.
{id} + (
  .item as $doc
  | if ($doc.text | type) != "string" then
      {error: {message: "text is null", retryable: false}}
    else
      [$doc.text | scan("\\S+")] as $words
      | if $words == [] then
          {skip: "no text"}
        else
          {value: ($doc + {text: ($words | join(" ")), words: ($words | length)})}
        end
    end
)

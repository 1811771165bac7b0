-- Named by fixtures that are about something else.
return function(item)
    return item
end

//! Rows from the message types of the opentelemetry-proto crate: the same rows that the bytes of
//! the message decode to. A file for each signal, and in `common` what they share.

/// The nesting that the requests of all signals share: resources with scopes with items, under names
/// of the signal's own. What is given last reads the items of a scope.
macro_rules! decode_request {
    (
        $decoder:ident, $request:ident, $resources:ident, $scopes:ident,
        |$run:ident, $arenas:ident, $groups:ident, $scope:ident| $items:block
    ) => {
        impl $decoder {
            /// Turns a request that was decoded already, by a gRPC server say, into rows.
            ///
            /// # Errors
            ///
            /// The sink's; the rows before are delivered.
            pub fn decode_request<S: RowSink>(
                &mut self,
                request: &$request,
                sink: &mut S,
            ) -> Result<Summary, S::Error> {
                self.state.decode_messages(sink, |$run, $arenas| {
                    for resource in &request.$resources {
                        $arenas.resource.reset();
                        let group = $run.resource(&$arenas.resource, |attributes, fields| {
                            let typed = resource.resource.as_ref();
                            common::resource(typed, &resource.schema_url, attributes, fields)
                        })?;
                        for $scope in &resource.$scopes {
                            $arenas.scope.reset();
                            let $groups =
                                $run.scope(group, &$arenas.scope, |attributes, fields| {
                                    let typed = $scope.scope.as_ref();
                                    common::scope(typed, &$scope.schema_url, attributes, fields)
                                })?;
                            $items
                        }
                    }
                    Ok(())
                })
            }
        }
    };
}

mod common;
mod logs;
mod metrics;
mod traces;

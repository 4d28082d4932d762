//! Expands a struct into its `impl Module`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Index, Path, Result};

/// The `impl Module` of a struct; `home` is the path of the crate whose `graph` has the traits.
///
/// # Errors
/// What the struct, or one of its attributes, has wrong.
pub(crate) fn module(item: DeriveInput, home: &Path) -> Result<TokenStream> {
    let refuse = |kind: &str| {
        let problem = format!(
            "#[derive(Module)] is for structs: {kind} has no fixed set of layers; make it a struct whose fields are the \
             layers, or implement Module by hand"
        );
        Err(Error::new(item.ident.span(), problem))
    };
    let fields = match &item.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(_) => return refuse("an enum"),
        Data::Union(_) => return refuse("a union"),
    };
    if let Some(attribute) = item.attrs.iter().find(|a| a.path().is_ident("module")) {
        return Err(Error::new(attribute.span(), "#[module(skip)] belongs on a field"));
    }

    let params: Vec<Ident> = item.generics.type_params().map(|p| p.ident.clone()).collect();
    let mut generics = item.generics.clone();
    let bounds = generics.make_where_clause();
    for param in &params {
        bounds.predicates.push(syn::parse_quote!(#param: 'static));
    }
    let mut visits = TokenStream::new();
    for (i, field) in fields.iter().enumerate() {
        if skipped(&field.attrs)? {
            continue;
        }
        let (member, name) = member(fields, i, field);
        let ty = &field.ty;
        // Only if it is needed: a bound without a type parameter would cause a warning in the user's code.
        if mentions(ty.to_token_stream(), &params) {
            bounds.predicates.push(syn::parse_quote!(#ty: #home::graph::Child));
        }
        // The span of the type, so that the error "not a layer" points at the field.
        visits.extend(quote_spanned! { ty.span() =>
            <#ty as #home::graph::Child>::visit(&self.#member, #name, __visit);
        });
    }

    let ident = &item.ident;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #home::graph::Module for #ident #ty_generics #where_clause {
            fn children<'__a>(
                &'__a self,
                __visit: &mut dyn ::core::ops::FnMut(&str, &'__a dyn #home::graph::Module),
            ) {
                let _ = &__visit;
                #visits
            }
        }
    })
}

/// How to access a field, and the name of its child.
fn member(fields: &Fields, i: usize, field: &Field) -> (TokenStream, String) {
    match (&field.ident, fields) {
        (Some(ident), _) => (ident.to_token_stream(), ident.unraw().to_string()),
        (None, _) => (Index::from(i).to_token_stream(), i.to_string()),
    }
}

/// Whether a field has the attribute `#[module(skip)]`.
fn skipped(attributes: &[Attribute]) -> Result<bool> {
    let mut skip = false;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("module")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("skip") {
                return Err(meta.error("unknown option; `#[module(skip)]` is the only one"));
            }
            skip = true;
            Ok(())
        })?;
    }
    Ok(skip)
}

/// Whether a type mentions one of these type parameters.
fn mentions(ty: TokenStream, params: &[Ident]) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => params.contains(&ident),
        TokenTree::Group(group) => mentions(group.stream(), params),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use syn::parse_quote;

    /// Checks what `children` visits for a struct, and under which names, or the error.
    fn check(item: DeriveInput, expected: &Expect) {
        let text = match module(item, &parse_quote!(::striate)) {
            Err(error) => error.to_string(),
            Ok(tokens) => {
                let tokens = tokens.to_string();
                let visits =
                    tokens.split("visit (").skip(1).map(|v| v.split(", __visit").next().expect("a call"));
                visits.map(|v| v.replace(' ', "")).collect::<Vec<_>>().join("; ")
            }
        };
        expected.assert_eq(&format!("{text}\n"));
    }

    #[test]
    fn fields_are_children_in_order() {
        check(
            parse_quote! { struct Net { conv1: Conv2d, #[module(skip)] width: usize, r#type: Linear } },
            &expect![[r#"
                &self.conv1,"conv1"; &self.r#type,"type"
            "#]],
        );
        check(
            parse_quote! { struct Pair(Conv2d, #[module(skip)] u8, Linear); },
            &expect![[r#"
            &self.0,"0"; &self.2,"2"
        "#]],
        );
        let nothing = module(parse_quote! { struct Nothing; }, &parse_quote!(::striate)).expect("a struct");
        assert!(!nothing.to_string().contains("visit ("), "{nothing}");
    }

    #[test]
    fn only_generic_fields_are_bounded() {
        let item = parse_quote! {
            struct Block<A: Clone, const K: usize> where A: Copy { a: Vec<A>, b: Conv2d, #[module(skip)] c: [u8; K] }
        };
        let text = module(item, &parse_quote!(::striate)).expect("a struct").to_string();
        let header = text.split('{').next().expect("a header").trim();
        expect!["# [automatically_derived] impl < A : Clone , const K : usize > :: striate :: graph :: Module for Block < A , K > where A : Copy , A : 'static , Vec < A > : :: striate :: graph :: Child"].assert_eq(header);
    }

    #[test]
    fn mistakes_are_errors_that_say_what_to_do() {
        check(
            parse_quote! { enum Net { A(Conv2d), B } },
            &expect![[r#"
            #[derive(Module)] is for structs: an enum has no fixed set of layers; make it a struct whose fields are the layers, or implement Module by hand
        "#]],
        );
        check(
            parse_quote! { union Net { a: u8, b: u8 } },
            &expect![[r#"
            #[derive(Module)] is for structs: a union has no fixed set of layers; make it a struct whose fields are the layers, or implement Module by hand
        "#]],
        );
        check(
            parse_quote! { struct Net { #[module(name = "x")] a: Conv2d } },
            &expect![[r#"
            unknown option; `#[module(skip)]` is the only one
        "#]],
        );
        check(
            parse_quote! { #[module(skip)] struct Net { a: Conv2d } },
            &expect![[r#"
            #[module(skip)] belongs on a field
        "#]],
        );
    }
}

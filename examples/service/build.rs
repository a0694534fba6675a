fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = protox::Compiler::new(["proto"])?;
    files.include_imports(true).open_file("shop/order.proto")?;
    let set = std::path::Path::new(&std::env::var("OUT_DIR")?).join("schemas.bin");
    std::fs::write(set, files.encode_file_descriptor_set())?;
    println!("cargo::rerun-if-changed=proto");
    Ok(prost_build::Config::new().enable_type_names().compile_fds(files.file_descriptor_set())?)
}
